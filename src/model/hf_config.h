// config.json, as Hugging Face writes it beside a SegFormer.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace segforge {

// What the weights cannot tell, or must agree with. Empty where the file does not say.
struct HfConfig {
  std::optional<std::array<int64_t, 4>> depths;
  std::optional<std::array<int64_t, 4>> hidden_sizes;
  std::optional<std::array<int64_t, 4>> sr_ratios;
  std::optional<std::array<int64_t, 4>> num_attention_heads;
  std::optional<std::array<double, 4>> mlp_ratios;
  std::optional<int64_t> decoder_hidden_size;
  std::vector<std::string> class_names;  // by class; empty without id2label
};

// False for a config.json of something else, or one that is not JSON.
bool IsSegformerConfig(std::string_view text);

// Fails, naming the key, on wrong types and on what Segforge does not compute: another activation than GELU,
// other patch sizes or strides than the published ones, other than three input channels.
Result<HfConfig> ParseHfConfig(std::string_view text);

// One field of the four stages.
std::array<int64_t, 4> CollectStages(const ModelConfig& config, int64_t Stage::*field);

// Fails where the file contradicts what was found in the weights.
Status CheckAgrees(const HfConfig& config, const ModelConfig& found);

}  // namespace segforge
