// For tests: checkpoints in memory under each family's names. The names are written out here a second time,
// so that a slip in a name table shows.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/checkpoint.h"
#include "model/model.h"

namespace segforge::testing {

struct SyntheticModel {
  std::array<int64_t, 4> widths = {32, 64, 160, 256};
  std::array<int64_t, 4> depths = {2, 2, 2, 2};
  std::array<int64_t, 4> sr = {8, 4, 2, 1};
  int64_t ffn_ratio = 4;
  int64_t head_width = 256;
  int64_t classes = 19;
};

// By variant: 0 is B0.
inline SyntheticModel Published(int variant) {
  SyntheticModel model;
  const std::array<std::array<int64_t, 4>, 6> depths = {
      {{2, 2, 2, 2}, {2, 2, 2, 2}, {3, 4, 6, 3}, {3, 4, 18, 3}, {3, 8, 27, 3}, {3, 6, 40, 3}}};
  model.depths = depths[static_cast<size_t>(variant)];
  if (variant >= 1) model.widths = {64, 128, 320, 512};
  if (variant >= 2) model.head_width = 768;
  return model;
}

using Shapes = std::map<std::string, Shape>;

inline void AddLayer(Shapes& shapes, const std::string& path, const Shape& weight) {
  shapes[path + ".weight"] = weight;
  shapes[path + ".bias"] = {weight[0]};
}

inline void AddBatchNorm(Shapes& shapes, const std::string& path, int64_t channels) {
  for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
    shapes[path + "." + name] = {channels};
  }
}

inline void AddNvlabsBlock(Shapes& shapes, const std::string& block, int64_t c, int64_t f, int64_t sr) {
  AddLayer(shapes, block + "norm1", {c});
  AddLayer(shapes, block + "attn.q", {c, c});
  AddLayer(shapes, block + "attn.kv", {2 * c, c});
  AddLayer(shapes, block + "attn.proj", {c, c});
  if (sr > 1) AddLayer(shapes, block + "attn.sr", {c, c, sr, sr});
  if (sr > 1) AddLayer(shapes, block + "attn.norm", {c});
  AddLayer(shapes, block + "norm2", {c});
  AddLayer(shapes, block + "mlp.fc1", {f, c});
  AddLayer(shapes, block + "mlp.dwconv.dwconv", {f, 1, 3, 3});
  AddLayer(shapes, block + "mlp.fc2", {c, f});
}

inline void AddHuggingFaceBlock(Shapes& shapes, const std::string& block, int64_t c, int64_t f, int64_t sr) {
  AddLayer(shapes, block + "layer_norm_1", {c});
  for (const char* name : {"query", "key", "value"}) {
    AddLayer(shapes, block + "attention.self." + name, {c, c});
  }
  if (sr > 1) AddLayer(shapes, block + "attention.self.sr", {c, c, sr, sr});
  if (sr > 1) AddLayer(shapes, block + "attention.self.layer_norm", {c});
  AddLayer(shapes, block + "attention.output.dense", {c, c});
  AddLayer(shapes, block + "layer_norm_2", {c});
  AddLayer(shapes, block + "mlp.dense1", {f, c});
  AddLayer(shapes, block + "mlp.dwconv.dwconv", {f, 1, 3, 3});
  AddLayer(shapes, block + "mlp.dense2", {c, f});
}

inline void AddMmsegBlock(Shapes& shapes, const std::string& block, int64_t c, int64_t f, int64_t sr) {
  AddLayer(shapes, block + "norm1", {c});
  shapes[block + "attn.attn.in_proj_weight"] = {3 * c, c};
  shapes[block + "attn.attn.in_proj_bias"] = {3 * c};
  AddLayer(shapes, block + "attn.attn.out_proj", {c, c});
  if (sr > 1) AddLayer(shapes, block + "attn.sr", {c, c, sr, sr});
  if (sr > 1) AddLayer(shapes, block + "attn.norm", {c});
  AddLayer(shapes, block + "norm2", {c});
  AddLayer(shapes, block + "ffn.layers.0", {f, c, 1, 1});
  AddLayer(shapes, block + "ffn.layers.1", {f, 1, 3, 3});
  AddLayer(shapes, block + "ffn.layers.4", {c, f, 1, 1});
}

inline Shapes NvlabsShapes(const SyntheticModel& model) {
  Shapes shapes;
  const int64_t head = model.head_width;
  for (size_t i = 0; i < 4; ++i) {
    const std::string s = std::to_string(i + 1);
    const int64_t c = model.widths[i];
    const int64_t kernel = i == 0 ? 7 : 3;
    AddLayer(shapes, "backbone.patch_embed" + s + ".proj",
             {c, i == 0 ? 3 : model.widths[i - 1], kernel, kernel});
    AddLayer(shapes, "backbone.patch_embed" + s + ".norm", {c});
    for (int64_t b = 0; b < model.depths[i]; ++b) {
      const std::string block = "backbone.block" + s + "." + std::to_string(b) + ".";
      AddNvlabsBlock(shapes, block, c, c * model.ffn_ratio, model.sr[i]);
    }
    AddLayer(shapes, "backbone.norm" + s, {c});
    AddLayer(shapes, "decode_head.linear_c" + s + ".proj", {head, c});
  }
  shapes["decode_head.linear_fuse.conv.weight"] = {head, 4 * head, 1, 1};
  AddBatchNorm(shapes, "decode_head.linear_fuse.bn", head);
  AddLayer(shapes, "decode_head.linear_pred", {model.classes, head, 1, 1});
  AddLayer(shapes, "decode_head.conv_seg", {model.classes, 128, 1, 1});  // there, but never run
  return shapes;
}

inline Shapes HuggingFaceShapes(const SyntheticModel& model) {
  Shapes shapes;
  const int64_t head = model.head_width;
  const std::string encoder = "segformer.encoder.";
  for (size_t i = 0; i < 4; ++i) {
    const std::string s = std::to_string(i);
    const int64_t c = model.widths[i];
    const int64_t kernel = i == 0 ? 7 : 3;
    AddLayer(shapes, encoder + "patch_embeddings." + s + ".proj",
             {c, i == 0 ? 3 : model.widths[i - 1], kernel, kernel});
    AddLayer(shapes, encoder + "patch_embeddings." + s + ".layer_norm", {c});
    for (int64_t b = 0; b < model.depths[i]; ++b) {
      const std::string block = encoder + "block." + s + "." + std::to_string(b) + ".";
      AddHuggingFaceBlock(shapes, block, c, c * model.ffn_ratio, model.sr[i]);
    }
    AddLayer(shapes, encoder + "layer_norm." + s, {c});
    AddLayer(shapes, "decode_head.linear_c." + s + ".proj", {head, c});
  }
  shapes["decode_head.linear_fuse.weight"] = {head, 4 * head, 1, 1};
  AddBatchNorm(shapes, "decode_head.batch_norm", head);
  AddLayer(shapes, "decode_head.classifier", {model.classes, head, 1, 1});
  return shapes;
}

inline Shapes MmsegShapes(const SyntheticModel& model) {
  Shapes shapes;
  const int64_t head = model.head_width;
  for (size_t i = 0; i < 4; ++i) {
    const std::string s = std::to_string(i);
    const std::string stage = "backbone.layers." + s + ".";
    const int64_t c = model.widths[i];
    const int64_t kernel = i == 0 ? 7 : 3;
    AddLayer(shapes, stage + "0.projection", {c, i == 0 ? 3 : model.widths[i - 1], kernel, kernel});
    AddLayer(shapes, stage + "0.norm", {c});
    for (int64_t b = 0; b < model.depths[i]; ++b) {
      AddMmsegBlock(shapes, stage + "1." + std::to_string(b) + ".", c, c * model.ffn_ratio, model.sr[i]);
    }
    AddLayer(shapes, stage + "2", {c});
    shapes["decode_head.convs." + s + ".conv.weight"] = {head, c, 1, 1};
    AddBatchNorm(shapes, "decode_head.convs." + s + ".bn", head);
  }
  shapes["decode_head.fusion_conv.conv.weight"] = {head, 4 * head, 1, 1};
  AddBatchNorm(shapes, "decode_head.fusion_conv.bn", head);
  AddLayer(shapes, "decode_head.conv_seg", {model.classes, head, 1, 1});
  return shapes;
}

inline Shapes ShapesOf(Family family, const SyntheticModel& model) {
  if (family == Family::kNvlabs) return NvlabsShapes(model);
  return family == Family::kHuggingFace ? HuggingFaceShapes(model) : MmsegShapes(model);
}

// Every tensor views the start of one buffer of positive values below 0.1: cheap even for B5. Tensors differ
// where `distinct` is set: each then has values of its own.
inline Checkpoint MakeCheckpoint(const Shapes& shapes, bool distinct = false) {
  int64_t total = 0;
  int64_t largest = 0;
  for (const auto& [name, shape] : shapes) {
    total += shape.elems();
    largest = std::max(largest, shape.elems());
  }
  auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(distinct ? total : largest));
  uint32_t state = 1;
  for (float& value : *values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) * (0.1f / (1 << 24));
  }
  Checkpoint checkpoint;
  size_t offset = 0;
  for (const auto& [name, shape] : shapes) {
    checkpoint.tensors.push_back({name, {values->data() + offset, DType::kF32, shape}});
    if (distinct) offset += static_cast<size_t>(shape.elems());
  }
  checkpoint.owned.push_back(values);
  return checkpoint;
}

inline Shapes WithPrefix(const std::string& prefix, const Shapes& shapes) {
  Shapes result;
  for (const auto& [name, shape] : shapes) result[prefix + name] = shape;
  return result;
}

}  // namespace segforge::testing
