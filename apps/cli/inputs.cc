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

class FolderWalk {
 public:
  FolderWalk(fs::path top, bool recursive, const fs::path& excluded)
      : top_(std::move(top)), recursive_(recursive), excluded_(excluded) {}

  std::vector<Input> Run() {
    Visit(top_);
    std::sort(found_.begin(), found_.end(),
              [](const Input& a, const Input& b) { return a.relative < b.relative; });
    return std::move(found_);
  }

 private:
  // Links to folders are not followed: they may lead back up.
  void Visit(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      std::error_code unknown;
      if (entry->is_directory(unknown)) {
        const bool skip = entry->is_symlink(unknown) || IsSameFolder(entry->path(), excluded_);
        if (recursive_ && !skip) Visit(entry->path());
      } else if (IsImageName(entry->path())) {
        found_.push_back({entry->path().string(), entry->path().lexically_relative(top_)});
      }
    }
    if (error) {
      throw Error(ErrorCode::kIo,
                  fmt::format("{}: cannot list the folder: {}", folder.string(), error.message()));
    }
  }

  fs::path top_;
  bool recursive_;
  const fs::path& excluded_;
  std::vector<Input> found_;
};

void AddFolder(const std::string& name, bool recursive, const fs::path& excluded,
               std::vector<Input>& inputs) {
  const std::vector<Input> found = FolderWalk(name, recursive, excluded).Run();
  if (found.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: expected .jpg, .jpeg, .png or .webp files in this folder, "
                            "found none{}",
                            name, recursive ? "" : " (-r looks into its sub-folders)"));
  }
  inputs.insert(inputs.end(), found.begin(), found.end());
}

}  // namespace

InputList ListInputs(const std::vector<std::string>& names, bool recursive, const fs::path& excluded) {
  InputList list;
  list.several = names.size() > 1;
  for (const std::string& name : names) {
    std::error_code missing;
    if (fs::is_directory(name, missing)) {
      AddFolder(name, recursive, excluded, list.inputs);
      list.several = true;
    } else {
      list.inputs.push_back({name, name == "-" ? fs::path("stdin") : fs::path(name).filename()});
    }
  }
  return list;
}

}  // namespace segforge::cli
