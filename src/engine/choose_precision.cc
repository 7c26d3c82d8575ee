#include "engine/choose_precision.h"

#include <algorithm>
#include <array>

#include "ir/name_pattern.h"

namespace segforge {
namespace {

// What a graph as published has where passes are left out: scores, squares and sums, which 16 bits would
// round too far, or not hold; and a variance with its epsilon, which they would lose.
bool StaysWide(const Node& node) {
  const bool is_of_rows = !node.type.shape.empty() && node.type.shape.back() == Dim(1);
  if (node.op == Op::kAdd && is_of_rows) return true;
  constexpr std::array<Op, 9> kWide = {Op::kSub, Op::kMul,        Op::kDiv,    Op::kPow,    Op::kSqrt,
                                       Op::kErf, Op::kReduceMean, Op::kMatMul, Op::kSoftmax};
  return std::ranges::find(kWide, node.op) != kWide.end();
}

}  // namespace

Result<PrecisionOf> ChoosePrecision(const Graph& graph, Precision precision,
                                    const std::vector<std::string>& fp32_layers) {
  const std::vector<NodeId> live = graph.LiveNodes();
  for (const std::string& pattern : fp32_layers) {
    const bool used = std::ranges::any_of(live, [&](NodeId id) {
      const Node& node = graph.node(id);
      return node.op != Op::kInput && node.op != Op::kConstant && Fits(pattern, node.name);
    });
    if (!used)
      return InvalidInput("no layer is named \"{}\"; `segforge inspect --graph` lists them", pattern);
  }
  return PrecisionOf([precision, fp32_layers](const Node& node) {
    return StaysWide(node) || FitsAny(fp32_layers, node.name) ? Precision::kFp32 : precision;
  });
}

std::string NamesOf(std::span<const Precision> precisions) {
  std::string names;
  for (const Precision precision : precisions) {
    if (!names.empty()) names += ", ";
    names += NameOf(precision);
  }
  return names;
}

}  // namespace segforge
