// Which precision each node of a graph gets, as a user asks for it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace segforge {

using PrecisionOf = std::function<Precision(const Node&)>;

// `precision` for every node but those that a pattern of fp32_layers fits: with * and ? as in file names, or
// the beginning of a name up to a dot. Products of two computed maps, softmax and elementwise arithmetic,
// which are there where passes are left out, stay in fp32 too. kInvalidInput for a pattern that fits no live
// computed node.
Result<PrecisionOf> ChoosePrecision(const Graph& graph, Precision precision,
                                    const std::vector<std::string>& fp32_layers);

std::string NamesOf(std::span<const Precision> precisions);  // "fp32, fp16"

}  // namespace segforge
