// A graph as JSON, with its constants in a block of bytes beside it.
#pragma once

#include <nlohmann/json.hpp>

#include "base/tensor.h"
#include "formats/shared_bytes.h"
#include "ir/graph.h"

namespace segforge {

struct GraphText {
  nlohmann::json nodes;   // the live ones, each after those that it reads, and the outputs
  AlignedBuffer weights;  // the constants, f32, each at a multiple of 64 bytes; zeros between
};
GraphText TextOf(const Graph& graph);

// Back, verified. Constants view the weights, which are aligned to 64 bytes. Nothing of either is trusted:
// kInvalidInput names the node that does not fit.
Result<Graph> GraphFromText(const nlohmann::json& text, const SharedBytes& weights);

}  // namespace segforge
