// A SegFormer's graph as published: no layer is fused, folded or left out.
#pragma once

#include "model/weights.h"

namespace segforge {

// Input "image" [N, H, W, 3] f32, output "logits" [N, ceil(H/4), ceil(W/4), classes]. Nodes are named by
// place: "stage1.block0.attention.q", "head.fuse"; constants as the checkpoint names them.
Result<Graph> BuildGraph(const ModelConfig& config, const ModelWeights& weights);

}  // namespace segforge
