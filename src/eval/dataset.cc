#include "eval/dataset.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "base/file.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

struct LayoutRow {
  Layout layout;
  std::string_view name;
  std::string_view split;
};
constexpr std::array<LayoutRow, 4> kLayouts = {{{Layout::kPairs, "pairs", ""},
                                                {Layout::kCityscapes, "cityscapes", "val"},
                                                {Layout::kAde20k, "ade20k", "validation"},
                                                {Layout::kList, "list", ""}}};

constexpr std::array<std::string_view, 4> kImageExtensions = {".jpg", ".jpeg", ".png", ".webp"};
constexpr std::string_view kLabelEnd = ".label.png";
constexpr std::string_view kCityscapesEnd = "_leftImg8bit.png";
constexpr size_t kMaxListBytes = size_t{64} << 20;

bool IsFile(const fs::path& path) {
  std::error_code missing;
  return fs::is_regular_file(path, missing);
}

bool IsFolder(const fs::path& path) {
  std::error_code missing;
  return fs::is_directory(path, missing);
}

bool IsImage(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kImageExtensions.begin(), kImageExtensions.end(), extension) != kImageExtensions.end();
}

// Sorted, links followed, one level.
Result<Paths> List(const fs::path& folder) {
  Paths paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    paths.push_back(entry->path());
  if (error) return IoError("{}: cannot list the folder: {}", folder.string(), error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

Status NoLabels(const fs::path& image, const fs::path& expected) {
  return InvalidInput("{}: no label file: expected {}", image.string(), expected.string());
}

Result<std::vector<Sample>> FindPairs(const fs::path& folder, const std::string& /*split*/) {
  SEGFORGE_ASSIGN_OR_RETURN(const Paths paths, List(folder));
  std::vector<Sample> samples;
  for (const fs::path& path : paths) {
    if (!IsImage(path) || path.filename().string().ends_with(kLabelEnd)) continue;
    fs::path labels = path;
    labels.replace_extension(kLabelEnd);
    if (!IsFile(labels)) return NoLabels(path, labels);
    samples.push_back({path, labels, LabelRule::kAsStored});
  }
  return samples;
}

Result<Sample> CityscapesSample(const fs::path& image, const fs::path& label_folder) {
  std::string stem = image.filename().string();
  stem.resize(stem.size() - kCityscapesEnd.size());
  const fs::path train_ids = label_folder / (stem + "_gtFine_labelTrainIds.png");
  const fs::path ids = label_folder / (stem + "_gtFine_labelIds.png");
  if (IsFile(train_ids)) return Sample{image, train_ids, LabelRule::kAsStored};
  if (IsFile(ids)) return Sample{image, ids, LabelRule::kCityscapesIds};
  return NoLabels(image, fs::path(train_ids.string() + " or _labelIds.png"));
}

Result<std::vector<Sample>> FindCityscapes(const fs::path& top, const std::string& split) {
  std::vector<Sample> samples;
  SEGFORGE_ASSIGN_OR_RETURN(const Paths cities, List(top / "leftImg8bit" / split));
  for (const fs::path& city : cities) {
    if (!IsFolder(city)) continue;
    SEGFORGE_ASSIGN_OR_RETURN(const Paths images, List(city));
    for (const fs::path& image : images) {
      if (!image.filename().string().ends_with(kCityscapesEnd)) continue;
      SEGFORGE_ASSIGN_OR_RETURN(Sample sample,
                                CityscapesSample(image, top / "gtFine" / split / city.filename()));
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

Result<std::vector<Sample>> FindAde20k(const fs::path& top, const std::string& split) {
  std::vector<Sample> samples;
  SEGFORGE_ASSIGN_OR_RETURN(const Paths images, List(top / "images" / split));
  for (const fs::path& image : images) {
    if (!IsImage(image)) continue;
    fs::path labels = top / "annotations" / split / image.filename();
    labels.replace_extension(".png");
    if (!IsFile(labels)) return NoLabels(image, labels);
    samples.push_back({image, labels, LabelRule::kReduceZero});
  }
  return samples;
}

Result<Sample> ListedSample(std::string_view line, size_t number, const fs::path& folder) {
  const size_t tab = line.find('\t');
  if (tab == 0 || tab == std::string_view::npos || tab + 1 == line.size()) {
    return InvalidInput("line {}: expected IMAGE, a tab, LABELS, got \"{}\"", number, line.substr(0, 80));
  }
  Sample sample = {folder / line.substr(0, tab), folder / line.substr(tab + 1), LabelRule::kAsStored};
  if (!IsFile(sample.labels))
    return NoLabels(sample.image, sample.labels).Within(fmt::format("line {}", number));
  return sample;
}

Result<std::vector<Sample>> ParseList(std::string_view text, const fs::path& folder) {
  std::vector<Sample> samples;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    SEGFORGE_ASSIGN_OR_RETURN(Sample sample, ListedSample(line, number, folder));
    samples.push_back(std::move(sample));
  }
  return samples;
}

Result<std::vector<Sample>> ReadList(const fs::path& path, const std::string& /*split*/) {
  const auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  const std::string_view text = AsText(file->bytes());
  if (text.size() > kMaxListBytes || text.find('\0') != std::string_view::npos) {
    return InvalidInput("{}: expected a folder, or a text file with IMAGE, a tab, LABELS a line",
                        path.string());
  }
  auto samples = ParseList(text, path.parent_path());
  if (!samples.ok()) return samples.status().Within(path.string());
  return samples;
}

Result<std::vector<Sample>> Find(Layout layout, const fs::path& path, const std::string& split) {
  switch (layout) {
    case Layout::kPairs:
      return FindPairs(path, split);
    case Layout::kCityscapes:
      return FindCityscapes(path, split);
    case Layout::kAde20k:
      return FindAde20k(path, split);
    case Layout::kList:
      return ReadList(path, split);
  }
  SEGFORGE_CHECK(false);
}

}  // namespace

std::string_view NameOf(Layout layout) { return kLayouts[static_cast<size_t>(layout)].name; }

Result<Layout> LayoutOfName(std::string_view name) {
  for (const LayoutRow& row : kLayouts) {
    if (row.name == name) return row.layout;
  }
  return InvalidInput("layout: expected pairs, cityscapes, ade20k or list, got {}", name);
}

Result<Layout> DetectLayout(const fs::path& path) {
  if (IsFile(path)) return Layout::kList;
  if (!IsFolder(path)) return IoError("{}: there is no such folder or file", path.string());
  if (IsFolder(path / "leftImg8bit")) return Layout::kCityscapes;
  if (IsFolder(path / "images") && IsFolder(path / "annotations")) return Layout::kAde20k;
  return Layout::kPairs;
}

Result<Dataset> OpenDataset(const fs::path& path, const DatasetQuery& options) {
  Dataset dataset;
  if (options.layout) {
    dataset.layout = *options.layout;
  } else {
    SEGFORGE_ASSIGN_OR_RETURN(dataset.layout, DetectLayout(path));
  }
  const LayoutRow& row = kLayouts[static_cast<size_t>(dataset.layout)];
  if (!options.split.empty() && row.split.empty()) {
    return InvalidInput("{}: split {}: a data set laid out as {} has none", path.string(), options.split,
                        row.name);
  }
  const std::string split = options.split.empty() ? std::string(row.split) : options.split;
  SEGFORGE_ASSIGN_OR_RETURN(dataset.samples, Find(dataset.layout, path, split));
  if (dataset.samples.empty()) {
    return InvalidInput("{}: expected images laid out as {}, found none", path.string(), row.name);
  }
  return dataset;
}

}  // namespace segforge
