// The all-MLP decode head (Xie et al. 2021, section 3.2), in the two forms that checkpoints come in.
#pragma once

#include <array>

#include "model/graph_builder.h"

namespace segforge {

// The four stages' outputs -> logits [N, h, w, classes] at the size of stage 1's.
// NVlabs, Hugging Face: per stage Linear, resize; concat from stage 4 to 1; fuse, BatchNorm, ReLU,
// classifier. mmseg 1.x: per stage Linear, BatchNorm, ReLU, resize; concat from stage 1 to 4; the same from
// there.
NodeId BuildHead(GraphBuilder& builder, const ModelConfig& config, const HeadWeights& weights,
                 const std::array<NodeId, 4>& features);

}  // namespace segforge
