#include "model/match_graph.h"

#include <cmath>
#include <map>

namespace segforge {
namespace {

constexpr double kConstantTolerance = 1e-3;  // of numbers that are not weights: float16 rounds them to 5e-4

class Matcher {
 public:
  Matcher(const Graph& expected, const Graph& found, const InputSize& size, WeightSlots& slots)
      : expected_(expected), found_(found), size_(size), slots_(slots) {}

  Status Run() {
    pending_.emplace_back(expected_.outputs()[0].value, found_.outputs()[0].value);
    while (!pending_.empty()) {
      const auto [expected, found] = pending_.back();
      pending_.pop_back();
      const auto [known, is_new] = partner_.emplace(expected, found);
      if (!is_new && known->second != found) return Differs(expected, found);
      if (is_new) SEGFORGE_RETURN_IF_ERROR(MatchNode(expected, found));
    }
    return Status();
  }

 private:
  Status Differs(NodeId expected, NodeId found) const {
    const Node& a = expected_.node(expected);
    const Node& b = found_.node(found);
    return Unsupported("no SegFormer: expected {} {} ({}), got {} {} (\"{}\")", NameOf(a.op),
                       ToString(Evaluate(a.type.shape, size_)), a.name, NameOf(b.op), ToString(b.type.shape),
                       b.name);
  }

  // Attributes that say a size say what the type says.
  static bool SameAttributes(const Node& a, const Node& b) {
    if (a.op == Op::kReshape || a.op == Op::kResizeBilinear) return true;
    return a.attributes == b.attributes;
  }

  Status MatchNode(NodeId expected, NodeId found) {
    const Node& a = expected_.node(expected);
    const Node& b = found_.node(found);
    const bool alike = a.op == b.op && a.inputs.size() == b.inputs.size() && SameAttributes(a, b) &&
                       Evaluate(a.type.shape, size_) == Evaluate(b.type.shape, size_);
    if (!alike) return Differs(expected, found);
    if (a.op == Op::kConstant) return MatchConstant(expected, found);
    const bool swap = a.op == Op::kAdd && !SameOps(a, b);
    for (size_t i = 0; i < a.inputs.size(); ++i)
      pending_.emplace_back(a.inputs[i], b.inputs[swap ? a.inputs.size() - 1 - i : i]);
    return Status();
  }

  bool SameOps(const Node& a, const Node& b) const {
    for (size_t i = 0; i < a.inputs.size(); ++i) {
      if (expected_.node(a.inputs[i]).op != found_.node(b.inputs[i]).op) return false;
    }
    return true;
  }

  Status MatchConstant(NodeId expected, NodeId found) {
    const Node& a = expected_.node(expected);
    const Node& b = found_.node(found);
    if (slots_.Has(a.name)) return slots_.Fill(a.name, b.constant);
    const auto values_a = a.constant->span<float>(), values_b = b.constant->span<float>();
    for (size_t i = 0; i < values_a.size(); ++i) {
      const double expected_value = values_a[i], got = values_b[i];
      if (!(std::abs(expected_value - got) <= kConstantTolerance * std::abs(expected_value)))
        return Unsupported("no SegFormer: {}: expected {}, got {}", a.name, expected_value, got);
    }
    return Status();
  }

  const Graph& expected_;
  const Graph& found_;
  const InputSize size_;
  WeightSlots& slots_;
  std::map<NodeId, NodeId> partner_;
  std::vector<std::pair<NodeId, NodeId>> pending_;
};

}  // namespace

Status MatchGraph(const Graph& expected, const Graph& found, const InputSize& size, WeightSlots& slots) {
  return Matcher(expected, found, size, slots).Run();
}

}  // namespace segforge
