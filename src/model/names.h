// What each family calls its tensors. A new naming scheme is one more table, in its own file, and one more
// entry of NameTables().
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/model.h"

namespace segforge {

// Where the weight and the bias of one layer are.
struct LayerName {
  std::string_view path;  // {s} stands for the stage, {b} for the block; empty: the family has no such layer
  int part = 0;   // where several layers are stored as one tensor, which of its `parts` equal slices of
  int parts = 1;  // rows is this layer
  bool conv1x1 = false;  // a linear layer stored as [Co, Ci, 1, 1]
  char separator = '.';  // before "weight" and "bias"
};

struct LayerNormEps {
  float patch, block, sr, stage;
};

struct NameTable {
  Family family;
  std::string_view encoder_root;  // what names start with when they are not a bare encoder's
  std::string_view head_root;
  int first_stage = 0;  // {s} of the first stage
  LayerNormEps eps;

  LayerName patch_conv, patch_norm;
  LayerName norm1, query, key, value, sr, sr_norm, proj;
  LayerName norm2, fc1, dwconv, fc2;
  LayerName stage_norm;
  LayerName head_proj, head_proj_bn, fuse, fuse_bn, classifier;
};

extern const NameTable kNvlabsNames;
extern const NameTable kHuggingFaceNames;
extern const NameTable kMmseg1Names;

std::span<const NameTable* const> NameTables();

// A place in the encoder, both counted from 0.
struct Place {
  int stage = 0;
  int block = 0;
};

// "backbone.block1.0.attn.q" + suffix "weight" -> "backbone.block1.0.attn.q.weight"
std::string TensorName(const NameTable& table, const LayerName& layer, Place place, std::string_view suffix);

}  // namespace segforge
