// What passes match and rewrite with.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "ir/graph.h"

namespace segforge {

constexpr NodeId kNoNode = -1;

// Who reads what, at the moment when it is made: a rewrite makes it stale.
class Uses {
 public:
  explicit Uses(const Graph& graph);

  bool IsLive(NodeId id) const { return live_[static_cast<size_t>(id)]; }
  // The node that alone reads a value, and reads it once; kNoNode when there are others or it is an output.
  NodeId OnlyReader(NodeId id) const;
  bool HasOnlyReader(NodeId id, NodeId reader) const { return OnlyReader(id) == reader; }

 private:
  std::vector<bool> live_;
  std::vector<int> reads_;      // by live nodes and outputs
  std::vector<NodeId> reader_;  // the last one met
};

// Offers every live node, inputs first, to `rewrite`, which returns whether it changed the graph. Nodes that
// a rewrite adds are not offered, and those that it leaves dead no longer. Returns the number of rewrites.
Result<int> RewriteEach(Graph& graph, FunctionRef<Result<bool>(const Uses& uses, NodeId id)> rewrite);

// The f32 constant behind an input, or null.
const Tensor* FloatConstant(const Graph& graph, const Node& node, size_t index);
// Its value where it has a single element.
std::optional<float> ScalarConstant(const Graph& graph, const Node& node, size_t index);

// A Linear whose weight and bias are f32 constants. Tensors live as long as the graph.
struct ConstantLinear {
  NodeId x = kNoNode;
  const Tensor* weight = nullptr;  // [Co, Ci]
  const Tensor* bias = nullptr;    // [Co], or null
};
std::optional<ConstantLinear> MatchConstantLinear(const Graph& graph, NodeId id);

// Adds constants NAME.weight [Co, Ci] and, unless empty, NAME.bias [Co], and Linear NAME.
Result<NodeId> AddLinear(Graph& graph, const std::string& name, NodeId x, Tensor weight,
                         std::optional<Tensor> bias);

// The dotted parts that names begin with in common: "stage1.block0.attention" of ".q" and ".k" below it; the
// first name where there are none.
std::string CommonName(std::initializer_list<std::string_view> names);

std::vector<double> ToDoubles(const Tensor& tensor);  // f32
Tensor FromDoubles(const Shape& shape, const std::vector<double>& values);

}  // namespace segforge
