// The Mix Transformer encoder, as published (Xie et al. 2021, section 3.1), on [N, H, W, C] maps.
#pragma once

#include <array>

#include "model/graph_builder.h"

namespace segforge {

// image [N, H, W, 3] -> the four stages' outputs, [N, ceil(H/4), ceil(W/4), C1] to [N, ceil(H/32), .., C4].
std::array<NodeId, 4> BuildEncoder(GraphBuilder& builder, const ModelConfig& config,
                                   const ModelWeights& weights, NodeId image);

}  // namespace segforge
