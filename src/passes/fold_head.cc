#include "passes/fold_head.h"

#include <algorithm>

#include "passes/rewrite.h"

namespace segforge {
namespace {

struct Branch {
  NodeId value = kNoNode;                    // v_i
  std::optional<ConstantLinear> projection;  // v_i = Linear(f_i), when it is read here only
  bool resized = false;
  int64_t offset = 0;  // of its channels in the concatenation
  int64_t width = 0;
};

struct Match {
  ConstantLinear fuse;
  std::vector<Branch> branches;  // in the order of the sum
  NodeId y = kNoNode;
  Activation activation = Activation::kNone;
};

Branch MatchBranch(const Graph& graph, const Uses& uses, NodeId concat, NodeId input, int64_t offset) {
  Branch branch = {input, std::nullopt, false, offset, graph.node(input).type.shape[3].constant()};
  NodeId reader = concat;
  if (graph.node(input).op == Op::kResizeBilinear && uses.HasOnlyReader(input, concat)) {
    branch.resized = true;
    branch.value = graph.node(input).inputs[0];
    reader = input;
  }
  if (uses.HasOnlyReader(branch.value, reader)) branch.projection = MatchConstantLinear(graph, branch.value);
  return branch;
}

// The first sets the size of the sum, so it must be one of the full resolution; then stages 2, 3, 4,
// whichever way the family concatenates.
void SortBranches(std::vector<Branch>& branches) {
  if (branches.front().resized) std::ranges::reverse(branches);
  std::stable_partition(branches.begin(), branches.end(),
                        [](const Branch& branch) { return !branch.resized; });
}

std::optional<Match> MatchAt(const Graph& graph, const Uses& uses, NodeId id) {
  const std::optional<ConstantLinear> fuse = MatchConstantLinear(graph, id);
  if (!fuse || graph.node(fuse->x).op != Op::kConcat || !uses.HasOnlyReader(fuse->x, id)) return std::nullopt;
  Match match = {*fuse, {}, id, Activation::kNone};
  int64_t offset = 0;
  for (NodeId input : graph.node(fuse->x).inputs) {
    const DimShape& shape = graph.node(input).type.shape;
    if (shape.size() != 4 || !shape[3].is_constant() || shape[3].constant() < 1) return std::nullopt;
    match.branches.push_back(MatchBranch(graph, uses, fuse->x, input, offset));
    offset += match.branches.back().width;
  }
  const auto resized = std::ranges::count_if(match.branches, &Branch::resized);
  if (resized == 0 || resized == std::ssize(match.branches)) return std::nullopt;
  SortBranches(match.branches);
  const NodeId reader = uses.OnlyReader(id);
  if (reader != kNoNode && graph.node(reader).op == Op::kRelu) {
    match.y = reader;
    match.activation = Activation::kRelu;
  }
  return match;
}

// The columns of fuse [Co, ..] that read a branch: [Co, width].
std::vector<double> FuseSlice(const ConstantLinear& fuse, const Branch& branch) {
  const auto weight = fuse.weight->span<float>();
  const int64_t columns = fuse.weight->shape()[1];
  std::vector<double> slice;
  for (int64_t row = 0; row < fuse.weight->shape()[0]; ++row) {
    const auto begin = weight.begin() + row * columns + branch.offset;
    slice.insert(slice.end(), begin, begin + branch.width);
  }
  return slice;
}

// a [rows, inner] times b [inner, columns]
std::vector<double> Product(const std::vector<double>& a, const std::vector<double>& b, size_t inner) {
  const size_t rows = a.size() / inner, columns = b.size() / inner;
  std::vector<double> product(rows * columns, 0.0);
  for (size_t row = 0; row < rows; ++row) {
    double* y = &product[row * columns];
    for (size_t k = 0; k < inner; ++k) {
      const double factor = a[row * inner + k];
      const double* x = &b[k * columns];
      for (size_t column = 0; column < columns; ++column) y[column] += factor * x[column];
    }
  }
  return product;
}

// What the biases of the projections and of fuse add up to behind the sum; none where there are none.
std::optional<Tensor> TotalBias(const Match& match) {
  bool any = match.fuse.bias != nullptr;
  const int64_t rows = match.fuse.weight->shape()[0];
  std::vector<double> total(static_cast<size_t>(rows), 0.0);
  if (any) total = ToDoubles(*match.fuse.bias);
  for (const Branch& branch : match.branches) {
    if (!branch.projection || branch.projection->bias == nullptr) continue;
    any = true;
    const std::vector<double> part =
        Product(FuseSlice(match.fuse, branch), ToDoubles(*branch.projection->bias),
                static_cast<size_t>(branch.width));
    std::ranges::transform(total, part, total.begin(), std::plus<>());
  }
  if (!any) return std::nullopt;
  return FromDoubles(Shape{rows}, total);
}

Result<NodeId> AddBranch(Graph& graph, const Match& match, const Branch& branch, std::string name,
                         std::optional<Tensor> bias) {
  std::vector<double> weight = FuseSlice(match.fuse, branch);
  int64_t columns = branch.width;
  NodeId x = branch.value;
  if (branch.projection) {
    weight = Product(weight, ToDoubles(*branch.projection->weight), static_cast<size_t>(branch.width));
    columns = branch.projection->weight->shape()[1];
    x = branch.projection->x;
    name = graph.node(branch.value).name;
  }
  return AddLinear(graph, name, x, FromDoubles(Shape{match.fuse.weight->shape()[0], columns}, weight),
                   std::move(bias));
}

}  // namespace

Result<int> FoldHead(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    const std::optional<Match> match = MatchAt(graph, uses, id);
    if (!match) return false;
    const std::string name = graph.node(id).name;
    std::optional<Tensor> bias = TotalBias(*match);
    std::vector<NodeId> terms;
    for (const Branch& branch : match->branches) {
      SEGFORGE_ASSIGN_OR_RETURN(const NodeId term,
                                AddBranch(graph, *match, branch, fmt::format("{}.{}", name, terms.size()),
                                          std::exchange(bias, std::nullopt)));
      terms.push_back(term);
    }
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId sum,
                              graph.Add(Op::kUpsampleSum, name, terms, UpsampleSumAttrs{match->activation}));
    graph.Replace(match->y, sum);
    return true;
  });
}

}  // namespace segforge
