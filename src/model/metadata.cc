#include "model/metadata.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "formats/json.h"
#include "model/one_line.h"

namespace segforge {
namespace {

using Json = nlohmann::json;

constexpr const char* kClasses = "CLASSES";
constexpr const char* kLicense = "license";
constexpr const char* kPreprocessing = "preprocessor_config";
constexpr const char* kResampleAs = "resample_as";

const std::string* Find(const Metadata& metadata, std::string_view key) {
  const auto found = std::ranges::find(metadata, key, &Metadata::value_type::first);
  return found == metadata.end() ? nullptr : &found->second;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string PreprocessingText(const Preprocessing& preprocessing) {
  Json json = {{"do_resize", preprocessing.size.has_value()},
               {"do_rescale", true},
               {"rescale_factor", preprocessing.rescale},
               {"do_normalize", true},
               {"image_mean", preprocessing.mean},
               {"image_std", preprocessing.std},
               {"do_reduce_labels", preprocessing.reduce_zero_label}};
  if (preprocessing.size)
    json["size"] = {{"height", preprocessing.size->height}, {"width", preprocessing.size->width}};
  if (preprocessing.resample == Resample::kOpenCv) json[kResampleAs] = "opencv";
  return Dump(json);
}

Result<Preprocessing> ReadPreprocessing(const std::string& text) {
  SEGFORGE_ASSIGN_OR_RETURN(const Json json, ParseJson(AsBytes(text)));
  SEGFORGE_ASSIGN_OR_RETURN(Preprocessing preprocessing, ParsePreprocessorConfig(text));
  if (json.contains(kResampleAs) && json[kResampleAs] == "opencv") preprocessing.resample = Resample::kOpenCv;
  return preprocessing;
}

std::vector<std::string> ReadClassNames(const std::string& text, int64_t classes) {
  const Result<Json> list = ParseJson(AsBytes(text));
  if (!list.ok() || !list->is_array() || static_cast<int64_t>(list->size()) != classes) return {};
  std::vector<std::string> names;
  for (const Json& name : *list) {
    if (!name.is_string()) return {};
    names.push_back(OneLine(name.get<std::string>()));
  }
  return names;
}

}  // namespace

Metadata DescribeInMetadata(const Model& model) {
  Metadata metadata;
  if (!model.config.class_names.empty()) metadata.emplace_back(kClasses, Dump(model.config.class_names));
  if (!model.license.empty()) metadata.emplace_back(kLicense, model.license);
  metadata.emplace_back(kPreprocessing, PreprocessingText(model.preprocessing));
  return metadata;
}

Status ReadMetadata(const Metadata& metadata, Model& model) {
  const std::string* classes = Find(metadata, kClasses);
  if (classes != nullptr && model.config.class_names.empty())
    model.config.class_names = ReadClassNames(*classes, model.config.classes);
  if (const std::string* license = Find(metadata, kLicense)) model.license = OneLine(*license);
  if (const std::string* text = Find(metadata, kPreprocessing)) {
    Result<Preprocessing> read = ReadPreprocessing(*text);
    if (!read.ok()) return read.status().Within(fmt::format("metadata \"{}\"", kPreprocessing));
    model.preprocessing = *read;
  }
  return Status();
}

}  // namespace segforge
