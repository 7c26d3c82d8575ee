#include "model/hf_config.h"

#include <fmt/ranges.h>

#include "base/byte_reader.h"
#include "formats/json.h"
#include "model/one_line.h"

namespace segforge {
namespace {

using Json = nlohmann::json;
constexpr size_t kShownJson = 60;

std::string Shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() <= kShownJson ? text : text.substr(0, kShownJson) + "...";
}

template <typename T>
Status ReadFour(const Json& json, const char* key, std::optional<std::array<T, 4>>& target) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return Status();
  std::array<T, 4> values;
  bool fits = found->is_array() && found->size() == values.size();
  for (size_t i = 0; fits && i < values.size(); ++i) {
    const Json& element = (*found)[i];
    fits = std::is_integral_v<T> ? element.is_number_integer() : element.is_number();
    if (fits) values[i] = element.template get<T>();
    fits = fits && values[i] > 0 && values[i] < (1 << 24);
  }
  if (!fits) return InvalidInput("config.json: {}: expected 4 positive numbers, got {}", key, Shown(*found));
  target = values;
  return Status();
}

Status ReadInteger(const Json& json, const char* key, std::optional<int64_t>& target) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return Status();
  if (!found->is_number_integer()) {
    return InvalidInput("config.json: {}: expected a number, got {}", key, Shown(*found));
  }
  target = found->get<int64_t>();
  return Status();
}

// For what Segforge computes in one way alone.
Status Require(const Json& json, const char* key, const Json& expected) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null() || *found == expected) return Status();
  return Unsupported("config.json: {}: expected {}, got {}", key, Shown(expected), Shown(*found));
}

Status RequirePublishedForm(const Json& json) {
  SEGFORGE_RETURN_IF_ERROR(Require(json, "model_type", "segformer"));
  SEGFORGE_RETURN_IF_ERROR(Require(json, "hidden_act", "gelu"));
  SEGFORGE_RETURN_IF_ERROR(Require(json, "num_channels", 3));
  SEGFORGE_RETURN_IF_ERROR(Require(json, "num_encoder_blocks", 4));
  SEGFORGE_RETURN_IF_ERROR(Require(json, "patch_sizes", {7, 3, 3, 3}));
  return Require(json, "strides", {4, 2, 2, 2});
}

Status ReadClassNames(const Json& json, std::vector<std::string>& names) {
  const auto labels = json.find("id2label");
  if (labels == json.end() || labels->is_null()) return Status();
  if (!labels->is_object()) {
    return InvalidInput("config.json: id2label: expected an object, got {}", Shown(*labels));
  }
  for (size_t i = 0; i < labels->size(); ++i) {
    const auto label = labels->find(std::to_string(i));
    if (label == labels->end()) {
      return InvalidInput("config.json: id2label has {} entries, but none for class {}", labels->size(), i);
    }
    names.push_back(OneLine(label->is_string() ? label->get<std::string>() : Shown(*label)));
  }
  return Status();
}

using Four = std::array<int64_t, 4>;

Status CheckFour(const char* key, const std::optional<Four>& said, const Four& found) {
  if (!said || *said == found) return Status();
  return InvalidInput("config.json contradicts the weights: {} is [{}], the weights have [{}]", key,
                      fmt::join(*said, ", "), fmt::join(found, ", "));
}

Status CheckOne(const char* what, int64_t said, int64_t found) {
  if (said == found) return Status();
  return InvalidInput("config.json contradicts the weights: {} {}, the weights have {}", what, said, found);
}

}  // namespace

bool IsSegformerConfig(std::string_view text) {
  const Result<Json> json = ParseJson(AsBytes(text));
  if (!json.ok() || !json->is_object()) return false;
  const auto type = json->find("model_type");
  return type != json->end() && *type == "segformer";
}

Result<HfConfig> ParseHfConfig(std::string_view text) {
  const Result<Json> json = ParseJson(AsBytes(text));
  if (!json.ok()) return json.status().Within("config.json");
  if (!json->is_object()) return InvalidInput("config.json: expected a JSON object");
  const Json& parsed = *json;
  SEGFORGE_RETURN_IF_ERROR(RequirePublishedForm(parsed));
  HfConfig config;
  SEGFORGE_RETURN_IF_ERROR(ReadFour(parsed, "depths", config.depths));
  SEGFORGE_RETURN_IF_ERROR(ReadFour(parsed, "hidden_sizes", config.hidden_sizes));
  SEGFORGE_RETURN_IF_ERROR(ReadFour(parsed, "sr_ratios", config.sr_ratios));
  SEGFORGE_RETURN_IF_ERROR(ReadFour(parsed, "num_attention_heads", config.num_attention_heads));
  SEGFORGE_RETURN_IF_ERROR(ReadFour(parsed, "mlp_ratios", config.mlp_ratios));
  SEGFORGE_RETURN_IF_ERROR(ReadInteger(parsed, "decoder_hidden_size", config.decoder_hidden_size));
  SEGFORGE_RETURN_IF_ERROR(ReadClassNames(parsed, config.class_names));
  return config;
}

std::array<int64_t, 4> CollectStages(const ModelConfig& config, int64_t Stage::*field) {
  Four values;
  for (size_t i = 0; i < values.size(); ++i) values[i] = config.stages[i].*field;
  return values;
}

Status CheckAgrees(const HfConfig& config, const ModelConfig& found) {
  SEGFORGE_RETURN_IF_ERROR(
      CheckFour("hidden_sizes", config.hidden_sizes, CollectStages(found, &Stage::width)));
  SEGFORGE_RETURN_IF_ERROR(CheckFour("depths", config.depths, CollectStages(found, &Stage::depth)));
  if (config.mlp_ratios) {
    Four widths;
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = static_cast<int64_t>(static_cast<double>(found.stages[i].width) * (*config.mlp_ratios)[i]);
    }
    SEGFORGE_RETURN_IF_ERROR(
        CheckFour("mlp_ratios times hidden_sizes", widths, CollectStages(found, &Stage::ffn_width)));
  }
  if (config.decoder_hidden_size) {
    SEGFORGE_RETURN_IF_ERROR(
        CheckOne("decoder_hidden_size is", *config.decoder_hidden_size, found.head_width));
  }
  if (config.class_names.empty()) return Status();
  return CheckOne("number of id2label's classes is", static_cast<int64_t>(config.class_names.size()),
                  found.classes);
}

}  // namespace segforge
