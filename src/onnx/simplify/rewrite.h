// What rewrites match and rewrite with.
#pragma once

#include "base/thread_pool.h"
#include "onnx/simplify/graph.h"

namespace segforge::simplify {

// Offers every live node that has a first output, inputs first, to `rewrite`, which returns whether it
// changed the graph. Returns how many times.
Result<int> RewriteEach(Graph& graph, FunctionRef<Result<bool>(NodeId id)> rewrite);

// The value of a floating-point constant with one element.
std::optional<double> ScalarOf(const Graph& graph, const Node& node, size_t input);
// An f32 or f64 constant's elements, widened; nullptr's place: nullopt for other inputs.
std::optional<std::vector<double>> FloatsOf(const Graph& graph, const Node& node, size_t input);
// Whole numbers from a constant input or the attribute; nullopt where neither is known.
std::optional<std::vector<int64_t>> NumbersOf(const Graph& graph, const Node& node, size_t input,
                                              std::string_view attribute);

// Of a Transpose that has a sound one; else null.
const std::vector<int64_t>* PermutationOf(const Node& node);

KnownValue FloatConstant(DType dtype, const Shape& shape, const std::vector<double>& values);

// The elements as one per channel where a constant is broadcast over all axes but that one of `rank`: it has
// one element, or all its axes but that one are 1. nullopt for others.
std::optional<std::vector<double>> PerChannel(const Graph& graph, const Node& node, size_t input, size_t axis,
                                              size_t rank, int64_t channels);

// The shape that makes Reshape give `to` from a value of the sizes `from`: 0 for sizes that stay in place, -1
// for one other that is not known. nullopt where that does not suffice, and where it would be read otherwise.
std::optional<std::vector<int64_t>> ShapeToAsk(const Sizes* from, const Sizes& to);

}  // namespace segforge::simplify
