#include "inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "segforge/segforge.h"

namespace segforge::cli {
namespace {

namespace fs = std::filesystem;

bool IsImageName(const fs::path& path) {
  constexpr std::array<std::string_view, 4> kExtensions = {".jpg", ".jpeg", ".png", ".webp"};
  std::string extension = path.extension().string();
  for (char& c : extension) c = 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

bool IsSameFolder(const fs::path& a, const fs::path& b) {
  std::error_code missing;
  return !b.empty() && fs::equivalent(a, b, missing);
}

struct Entry {
  std::string name;
  bool is_folder;
};

// True labels of an image beside them, as `eval` reads them: NAME.label.png.
bool IsLabelsOfAnother(const std::string& name, const std::vector<Entry>& sorted) {
  constexpr std::string_view kSuffix = ".label.png";
  if (!std::string_view(name).ends_with(kSuffix)) return false;
  const std::string stem = name.substr(0, name.size() - kSuffix.size());
  const auto first =
      std::lower_bound(sorted.begin(), sorted.end(), stem + ".",
                       [](const Entry& entry, const std::string& key) { return entry.name < key; });
  return std::any_of(
      first,
      std::find_if(first, sorted.end(),
                   [&](const Entry& entry) { return !entry.name.starts_with(stem + "."); }),
      [&](const Entry& entry) { return !entry.is_folder && fs::path(entry.name).stem() == stem; });
}

class FolderWalk {
 public:
  FolderWalk(fs::path top, bool recursive, const fs::path& excluded, InputList& list)
      : top_(std::move(top)), recursive_(recursive), excluded_(excluded), list_(list) {}

  void Run() { Visit(top_); }

 private:
  // Images, and folders to look into. Links to folders are not followed: they may lead back up.
  std::vector<Entry> SortedEntries(const fs::path& folder) const {
    std::vector<Entry> entries;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      std::error_code unknown;
      const bool is_folder = entry->is_directory(unknown);
      const bool skip =
          is_folder ? !recursive_ || entry->is_symlink(unknown) || IsSameFolder(entry->path(), excluded_)
                    : !IsImageName(entry->path());
      if (!skip) entries.push_back({entry->path().filename().string(), is_folder});
    }
    if (error) {
      throw Error(ErrorCode::kIo,
                  fmt::format("{}: cannot list the folder: {}", folder.string(), error.message()));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }

  void Visit(const fs::path& folder) {
    const std::vector<Entry> entries = SortedEntries(folder);
    for (const Entry& entry : entries) {
      if (entry.is_folder) {
        Visit(folder / entry.name);
      } else if (!IsLabelsOfAnother(entry.name, entries)) {
        list_.Add((folder / entry.name).string(), (top_ / "").string().size());
      }
    }
  }

  fs::path top_;
  bool recursive_;
  const fs::path& excluded_;
  InputList& list_;
};

void AddFolder(const std::string& name, bool recursive, const fs::path& excluded, InputList& list) {
  const size_t before = list.size();
  FolderWalk(name, recursive, excluded, list).Run();
  if (list.size() > before) return;
  throw Error(ErrorCode::kInvalidInput,
              fmt::format("{}: expected .jpg, .jpeg, .png or .webp files in this folder, "
                          "found none{}",
                          name, recursive ? "" : " (-r looks into its sub-folders)"));
}

}  // namespace

void InputList::Add(const std::string& path, size_t relative_at) {
  begins_.push_back(paths_.size());
  relatives_.push_back(static_cast<uint32_t>(relative_at));
  paths_ += path;
}

Input InputList::operator[](size_t i) const {
  const size_t end = i + 1 < begins_.size() ? begins_[i + 1] : paths_.size();
  const std::string path = paths_.substr(begins_[i], end - begins_[i]);
  return {path, path == "-" ? fs::path("stdin") : fs::path(path.substr(relatives_[i]))};
}

InputList ListInputs(const std::vector<std::string>& names, bool recursive, const fs::path& excluded) {
  InputList list;
  list.several = names.size() > 1;
  if (std::count(names.begin(), names.end(), "-") > 1)
    throw Error(ErrorCode::kInvalidInput, "-: standard input can be read once, got it twice");
  for (const std::string& name : names) {
    std::error_code missing;
    if (fs::is_directory(name, missing)) {
      AddFolder(name, recursive, excluded, list);
      list.several = true;
    } else {
      list.Add(name, name.size() - fs::path(name).filename().string().size());
    }
  }
  return list;
}

}  // namespace segforge::cli
