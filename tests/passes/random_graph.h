// Small graphs of what passes look at, and of near misses, grown step by step from values that they have
// already. Some values in between are outputs, so that passes meet patterns that they must leave alone.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "passes/test_graphs.h"

namespace segforge {

using Choose = std::function<int(int bound)>;  // from 0 to bound - 1

inline Choose ChoicesOf(uint32_t seed) {
  return [random = std::mt19937(seed)](int bound) mutable {
    return std::uniform_int_distribution<int>(0, bound - 1)(random);
  };
}
// A byte each; 0 after the last. The bytes must outlive it.
inline Choose ChoicesOf(std::span<const uint8_t> bytes) {
  return [bytes](int bound) mutable {
    if (bytes.empty()) return 0;
    const int choice = bytes.front() % bound;
    bytes = bytes.subspan(1);
    return choice;
  };
}

// Maps have 4 channels or more: a LayerNorm over 2 is close to a sign, and magnifies a rounding beyond any
// tolerance.
class RandomGraph {
 public:
  RandomGraph(Choose choose, int steps) : below_(std::move(choose)) {
    values_.push_back(t_.LayerNorm(t_.Linear(t_.Input(3), 4)));
    for (int step = 0; step < steps; ++step) values_.push_back(Next());
    for (size_t i = 0; i < values_.size(); ++i) {
      if (i + 1 == values_.size() || Flip(6)) t_.graph.AddOutput("y", values_[i]);
    }
  }
  Graph Take() && { return std::move(t_.graph); }

 private:
  bool Flip(int odds = 2) { return below_(odds) == 0; }

  NodeId Pick() {
    const int recent = std::min(4, static_cast<int>(values_.size()));
    return values_[values_.size() - 1 - static_cast<size_t>(below_(recent))];
  }
  // Another value of that type, or one that is made of it; a second reader of whatever it is.
  NodeId Like(NodeId x) {
    const NodeId other = Pick();
    if (t_.shape(other) == t_.shape(x) && other != x) return other;
    const DimShape& map = t_.shape(other);
    const bool same_map =
        DimShape(map.begin(), map.end() - 1) == DimShape(t_.shape(x).begin(), t_.shape(x).end() - 1);
    return t_.Linear(same_map ? other : x, t_.channels(x), Flip());
  }
  // Seen by the outside, so that it is no inner value of a pattern.
  NodeId Seen(NodeId x) {
    if (Flip(8)) t_.graph.AddOutput("seen", x);
    return x;
  }

  NodeId Next() {
    const NodeId x = Pick();
    switch (below_(16)) {
      case 0:
        return t_.Linear(x, 4 + 2 * below_(3), Flip());
      case 1:
        return t_.BatchNorm(Seen(Flip() ? t_.Linear(x, 4, Flip()) : t_.Conv(x, 4, 3, 1, 1)));
      case 2:
        return Activation(Seen(t_.Linear(x, 6, Flip())));
      case 3:
        return Activation(Seen(t_.Depthwise(x)));
      case 4:
        return t_.Conv(x, 4, 1 + below_(3), 1 + below_(3), below_(2));
      case 5:
        return t_.AttentionHalf(x, t_.channels(x) % 2 == 0 ? 2 : 1, 1 + below_(2));
      case 6:
        return t_.MixFfnHalf(x);
      case 7:
        return LayerNormInParts(x);
      case 8:
        return GeluInParts(x);
      case 9:
        return Activation(Seen(Sum(x)));
      case 10:
        return Fuse(x);
      case 11:
        return Attention(x);
      case 12:
        return MixFfnOfParts(x);
      case 13:
        return Flip() ? t_.LayerNorm(x) : t_.BatchNorm(x);
      case 14:
        return t_.channels(x) > 12 ? Sum(x) : t_.Add(Op::kConcat, {x, Like(x)});
      default:
        return Sum(x);
    }
  }

  NodeId Activation(NodeId x) { return below_(3) == 0 ? x : t_.Add(Flip() ? Op::kRelu : Op::kGelu, {x}); }

  NodeId Sum(NodeId x) {
    const NodeId y = Like(x);
    return Flip() ? t_.Add(Op::kAdd, {x, y}) : t_.Add(Op::kAdd, {y, x});
  }

  NodeId LayerNormInParts(NodeId x) {
    const NodeId mean = Seen(t_.Add(Op::kReduceMean, {x}));
    const NodeId d = Seen(t_.Add(Op::kSub, {x, mean}));
    const NodeId other = Flip(8) ? t_.Add(Op::kSub, {x, mean}) : d;
    NodeId square =
        Flip() ? t_.Add(Op::kMul, {d, other}) : t_.Add(Op::kPow, {d, t_.Scalar(Flip(6) ? 4.0f : 2.0f)});
    square = Seen(t_.Add(Op::kReduceMean, {square}));
    const NodeId eps = Flip(8) ? t_.Random({1}, 0.1f, 1) : t_.Scalar(1e-5f);
    const NodeId root = t_.Add(Op::kSqrt, {Seen(t_.Add(Op::kAdd, {square, eps}))});
    NodeId y = t_.Add(Op::kDiv, {Flip(8) ? x : d, root});
    const int64_t c = t_.channels(x);
    if (!Flip(4)) y = Seen(t_.Add(Op::kMul, {y, t_.Random(Flip(6) ? Shape{1} : Shape{c})}));
    return Flip(4) ? y : t_.Add(Op::kAdd, {y, t_.Random(Flip(6) ? Shape{1} : Shape{c})});
  }

  NodeId GeluInParts(NodeId x) {
    const NodeId inner = Flip() ? t_.Add(Op::kMul, {x, t_.Scalar(0.70710678f)})
                                : t_.Add(Op::kDiv, {x, t_.Scalar(1.41421356f)});
    const NodeId sum = t_.Add(Op::kAdd, {Seen(t_.Add(Op::kErf, {inner})), t_.Scalar(Flip(8) ? 0.9f : 1.0f)});
    const NodeId factor = Flip(6) ? Like(x) : x;
    const NodeId product = Flip() ? t_.Add(Op::kMul, {factor, sum}) : t_.Add(Op::kMul, {sum, factor});
    return t_.Add(Op::kMul, {Seen(product), t_.Scalar(Flip(8) ? 0.4f : 0.5f)});
  }

  // Terms at one or two resolutions, in any order and number, joined by one product.
  NodeId Fuse(NodeId x) {
    std::vector<NodeId> maps;
    const int terms = 1 + below_(3);
    for (int i = 0; i < terms; ++i) {
      NodeId map = Flip() ? t_.Conv(x, 4, 3, 2, 1) : x;
      const bool small = map != x;
      if (!Flip(4)) map = t_.Linear(map, 4, Flip());
      if (Flip(4)) map = t_.Add(Op::kRelu, {map});
      maps.push_back(Seen(small ? t_.Resize(map, x) : map));
    }
    NodeId fused = t_.Linear(t_.Add(Op::kConcat, maps), 4, Flip());
    if (Flip()) fused = t_.BatchNorm(fused);
    if (!Flip(3)) fused = t_.Add(Op::kRelu, {fused});
    return Flip() ? t_.Linear(Seen(fused), 5) : fused;
  }

  NodeId Attention(NodeId x) {
    const int64_t c = t_.channels(x);
    const NodeId from = Flip() ? t_.Conv(x, c, 2, 2, 0) : Like(x);
    const NodeId q = Flip(4) ? x : t_.Linear(x, c, Flip());
    const NodeId k = Flip(4) ? from : t_.Linear(from, c, Flip());
    const NodeId v = Flip(4) ? k : t_.Linear(from, c, Flip());
    return t_.AttentionOf(Seen(q), Seen(k), v, c % 2 == 0 && Flip() ? 2 : 1);
  }

  NodeId MixFfnOfParts(NodeId x) {
    const NodeId normal = Seen(Flip() ? t_.LayerNorm(x) : LayerNormInParts(x));
    const NodeId wide = t_.Linear(normal, t_.channels(x) + 2, !Flip(6));
    const NodeId deep = Seen(Flip(6) ? t_.Conv(wide, t_.channels(wide), 3, 1, 1) : t_.Depthwise(wide));
    const NodeId hidden = Flip(4)  ? t_.Add(Op::kRelu, {deep})
                          : Flip() ? GeluInParts(deep)
                                   : t_.Add(Op::kGelu, {deep});
    const NodeId branch = t_.Linear(hidden, t_.channels(x), !Flip(6));
    return Flip() ? t_.Add(Op::kAdd, {x, branch}) : t_.Add(Op::kAdd, {branch, Flip(4) ? normal : x});
  }

  TestGraph t_;
  Choose below_;
  std::vector<NodeId> values_;
};

}  // namespace segforge
