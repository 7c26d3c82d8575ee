// A model's weights in the layouts of the graph: f32; linear layers [Co, Ci], convolutions [Co, kh, kw, Ci],
// depthwise [3, 3, C].
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "model/family.h"

namespace segforge {

struct Weight {
  std::string name;  // the checkpoint's, with the rows where the layer is a part: "...attn.kv.weight[32:64]"
  std::shared_ptr<const Tensor> tensor;  // null where the model has none
};
struct LayerWeights {
  Weight weight, bias;
};
struct BatchNormWeights {
  Weight gamma, beta, mean, variance;
};
struct BlockWeights {
  LayerWeights norm1, query, key, value, sr, sr_norm, proj;
  LayerWeights norm2, fc1, dwconv, fc2;
};
struct StageWeights {
  LayerWeights patch_conv, patch_norm;
  std::vector<BlockWeights> blocks;
  LayerWeights norm;
};
struct HeadWeights {
  std::array<LayerWeights, 4> proj;
  std::array<BatchNormWeights, 4> proj_bn;  // of mmseg 1.x alone
  LayerWeights fuse;                        // without bias where there is a fuse_bn
  BatchNormWeights fuse_bn;  // null where it is folded into fuse, as ONNX files have it; so with proj_bn
  LayerWeights classifier;
  // A head as fold-head leaves it, which ONNX files may hold: no fuse and no BatchNorm; proj are the products
  // at each stage's own resolution, or after mmseg 1.x's ReLU fuse_parts are. The first carries the bias of
  // all.
  bool is_folded = false;
  std::array<LayerWeights, 4> fuse_parts;
};
struct ModelWeights {
  std::array<StageWeights, 4> stages;
  HeadWeights head;
};

// Every tensor that the model needs, copied. All that are missing, misshapen or not finite are named in one
// error, before the copies are made where that can be told. Tensors beyond those are ignored.
Result<ModelWeights> ReadWeights(const Checkpoint& checkpoint, const FamilyMatch& match,
                                 const ModelConfig& config);

}  // namespace segforge
