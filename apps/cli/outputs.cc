#include "outputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <set>

namespace segforge::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const std::string& message) { throw Error(ErrorCode::kInvalidInput, message); }

bool IsFolder(const fs::path& path) {
  std::error_code missing;
  return fs::is_directory(path, missing);
}

[[noreturn]] void FailOverInput(const std::string& output) {
  Fail(fmt::format("{}: the output would replace an input", output));
}

// Where a path leads once links are followed: equal for two spellings of one file.
std::string Canonical(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path.string() : canonical.string();
}

std::vector<Format> FormatsOf(const SegmentOptions& options) {
  if (!options.formats.empty()) return options.formats;
  const fs::path extension = fs::path(options.out).extension();
  if (extension == ".npy") return {Format::kNpy};
  if (extension == ".json") return {Format::kJson};
  if (extension == ".geojson") return {Format::kGeoJson};
  return {Format::kLabels};
}

// A name that promises another format than the one written would mislead whoever opens the file.
void CheckExtension(const fs::path& path, const FormatRow& row) {
  const fs::path extension = path.extension();
  for (const char* known : {".jpg", ".jpeg", ".webp", ".png", ".npy", ".json", ".geojson"}) {
    if (extension == known && extension != row.extension) {
      Fail(fmt::format("{}: {} is written as {}, expected a name that ends so, got {}", path.string(),
                       row.name, row.extension, known));
    }
  }
}

std::string StemOf(const Input& input) { return fs::path(input.relative).replace_extension().string(); }

uint64_t HashOf(const std::string& text) { return std::hash<std::string>()(text); }

// Those that occur more than once, sorted.
std::vector<uint64_t> Repeated(std::vector<uint64_t> hashes) {
  std::sort(hashes.begin(), hashes.end());
  std::vector<uint64_t> repeated;
  for (size_t i = 1; i < hashes.size(); ++i) {
    const bool is_new = repeated.empty() || repeated.back() != hashes[i];
    if (hashes[i] == hashes[i - 1] && is_new) repeated.push_back(hashes[i]);
  }
  return repeated;
}

bool IsAmong(const std::vector<uint64_t>& sorted, const std::string& text) {
  return std::binary_search(sorted.begin(), sorted.end(), HashOf(text));
}

std::vector<std::pair<Format, std::string>> MapsOf(const SegmentOptions& options, const fs::path& folder,
                                                   const std::string& input, const std::string& base) {
  const std::vector<Format> formats = FormatsOf(options);
  const bool to_output = options.out == "-" || (options.out.empty() && input == "-" && folder.empty());
  if (to_output || (folder.empty() && !options.out.empty())) {
    const FormatRow& row = RowOf(formats.front());
    if (!to_output) CheckExtension(options.out, row);
    return {{row.format, to_output ? "-" : options.out}};
  }
  std::vector<std::pair<Format, std::string>> maps;
  for (const Format format : formats) {
    const FormatRow& row = RowOf(format);
    const bool plain = !folder.empty() && formats.size() == 1;
    maps.emplace_back(format, (folder / (base + std::string(plain ? row.extension : row.suffix))).string());
  }
  return maps;
}

// Of --save-logits and --confidence: a file, or a folder of one file an image.
std::string ArrayPath(const std::string& option, bool several, const std::string& base) {
  if (option.empty()) return "";
  if (several && fs::path(option).extension() == ".npy") {
    Fail(fmt::format("{}: expected a folder for several images, got a file's name", option));
  }
  return several || IsFolder(option) ? (fs::path(option) / (base + ".npy")).string() : option;
}

// Beside the maps: "out/a.top.npy" and "out/a.top-probabilities.npy".
void PlanTop(const SegmentOptions& options, const fs::path& folder, const std::string& base, Job& job) {
  if (options.top_k == 0) return;
  if (job.maps.front().second == "-") Fail("--top-k: writes files beside the result; give -o a file");
  const bool one_file = folder.empty() && !options.out.empty();
  const std::string place =
      one_file ? fs::path(options.out).replace_extension().string() : (folder / base).string();
  job.top_labels = place + ".top.npy";
  job.top_probabilities = place + ".top-probabilities.npy";
}

std::vector<std::string> FilesOf(const Job& job) {
  std::vector<std::string> files;
  for (const auto& [format, path] : job.maps) files.push_back(path);
  for (const std::string* path : {&job.top_labels, &job.top_probabilities, &job.logits, &job.confidence})
    files.push_back(*path);
  files.erase(std::remove_if(files.begin(), files.end(),
                             [](const std::string& path) { return path.empty() || path == "-"; }),
              files.end());
  return files;
}

// Whether one place is meant twice, among those whose hashes are.
class ClashCheck {
 public:
  explicit ClashCheck(std::vector<uint64_t> suspects) : suspects_(std::move(suspects)) {}

  void AddInput(const std::string& input) {
    const std::string canonical = Canonical(input);
    if (IsAmong(suspects_, canonical)) inputs_.insert(canonical);
  }

  void AddOutput(const std::string& output, const std::string& input) {
    const std::string canonical = Canonical(output);
    if (!IsAmong(suspects_, canonical)) return;
    if (inputs_.count(canonical) != 0) FailOverInput(output);
    const auto [other, is_new] = outputs_.emplace(canonical, input);
    if (is_new) return;
    Fail(fmt::format("{}: both {} and {} would be written there", output, other->second,
                     other->second == input ? "another result of it" : input));
  }

 private:
  std::vector<uint64_t> suspects_;
  std::set<std::string> inputs_;
  std::map<std::string, std::string> outputs_;
};

void CheckStandardOutput(const SegmentOptions& options) {
  if (options.json) Fail("standard output: --json and a result cannot both go there; give -o a file");
  if (isatty(STDOUT_FILENO) != 0) Fail("standard output: is a terminal; give -o a file, or redirect it");
}

}  // namespace

void CheckWritable(const std::string& path) {
  if (path == "-") return;
  std::error_code error;
  fs::path place = path;
  if (fs::is_directory(place, error)) Fail(fmt::format("{}: expected a file to write, got a folder", path));
  const bool device = fs::exists(place, error) && !fs::is_regular_file(place, error);
  if (!device) place = fs::absolute(place).parent_path();
  while (!device && !fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  if (!device && !fs::is_directory(place, error)) {
    Fail(fmt::format("{}: cannot write there: {}: expected a folder, got a file", path, place.string()));
  }
  if (access(place.c_str(), device ? W_OK : W_OK | X_OK) != 0) {
    throw Error(ErrorCode::kIo,
                fmt::format("{}: cannot write there: {}: {}", path, place.string(), std::strerror(errno)));
  }
}

void CheckPlace(const std::string& output, const std::string& input) {
  if (Canonical(output) == Canonical(input)) FailOverInput(output);
  CheckWritable(output);
}

fs::path OutputFolder(const SegmentOptions& options, bool several) {
  if (options.out.empty()) return several ? "segforge-out" : "";
  if (options.out == "-") {
    if (several || options.formats.size() > 1)
      Fail("-o -: expected one image and one format for standard output");
    return "";
  }
  const bool named_as_folder =
      options.out.back() == '/' || IsFolder(options.out) || options.formats.size() > 1;
  if (!several && !named_as_folder) return "";
  std::error_code missing;
  if (fs::exists(options.out, missing) && !IsFolder(options.out)) {
    Fail(fmt::format("{}: expected a folder for several results, got a file", options.out));
  }
  return options.out;
}

JobPlan::JobPlan(const SegmentOptions& options, const InputList& list)
    : options_(options), list_(list), folder_(OutputFolder(options, list.several)) {
  std::vector<uint64_t> stems;
  for (size_t i = 0; i < list.size(); ++i) stems.push_back(HashOf(StemOf(list[i])));
  shared_stems_ = Repeated(std::move(stems));
  Check();
}

std::string JobPlan::BaseName(const Input& input) const {
  const std::string stem = StemOf(input);
  return IsAmong(shared_stems_, stem) ? input.relative.string() : stem;
}

Job JobPlan::operator[](size_t i) const {
  const Input input = list_[i];
  const std::string base = BaseName(input);
  Job job;
  job.input = input.path;
  job.maps = MapsOf(options_, folder_, input.path, base);
  job.logits = ArrayPath(options_.save_logits, list_.several, base);
  job.confidence = ArrayPath(options_.confidence, list_.several, base);
  PlanTop(options_, folder_, base, job);
  return job;
}

// Hashes show where names must be compared, which are too many to be kept.
void JobPlan::Check() const {
  std::vector<uint64_t> places;
  for (size_t i = 0; i < size(); ++i) {
    const Job job = (*this)[i];
    if (job.maps.front().second == "-") CheckStandardOutput(options_);
    if (job.input != "-") places.push_back(HashOf(Canonical(job.input)));
    for (const std::string& file : FilesOf(job)) places.push_back(HashOf(Canonical(file)));
  }
  ClashCheck clashes(Repeated(std::move(places)));
  for (size_t i = 0; i < size(); ++i) {
    const std::string path = list_[i].path;
    if (path != "-") clashes.AddInput(path);
  }
  for (size_t i = 0; i < size(); ++i) {
    const Job job = (*this)[i];
    for (const std::string& file : FilesOf(job)) {
      clashes.AddOutput(file, job.input);
      CheckWritable(file);
    }
  }
}

}  // namespace segforge::cli
