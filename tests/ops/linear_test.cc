#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class LinearTest : public OpTest {
 protected:
  void Check(const Shape& shape, int64_t width_out, bool has_bias) {
    const Tensor x = RandomTensor(shape, 1);
    const Tensor w = RandomTensor({width_out, shape.back()}, 2);
    const Tensor b = RandomTensor({has_bias ? width_out : 0}, 3);
    std::vector<OpInput> inputs = {Computed(x), Constant(w)};
    if (has_bias) inputs.push_back(Constant(b));
    ExpectLike(Run(Op::kLinear, inputs), [&]<typename T>(T) {
      return plain::Linear(plain::From<T>(x), plain::From<T>(w), plain::From<T>(b),
                           plain::Size(shape.back()));
    });
  }
};

TEST_P(LinearTest, MatchesFloat64AtSmallSizes) {
  for (const int64_t rows : {1, 2, 5, 6, 7, 13}) {
    for (const int64_t width_in : {1, 3, 8, 17, 33}) {
      for (const int64_t width_out : {1, 7, 8, 9, 15, 16, 17, 31, 33, 49}) {
        SCOPED_TRACE(fmt::format("{} x {} -> {}", rows, width_in, width_out));
        Check({1, 1, rows, width_in}, width_out, rows % 2 == 0);
      }
    }
  }
}

TEST_P(LinearTest, MatchesFloat64AtTheNetworksWidths) {
  const std::pair<int64_t, int64_t> widths[] = {{32, 32},    {32, 128},  {128, 32},  {64, 256},  {256, 64},
                                                {160, 640},  {640, 160}, {256, 512}, {320, 320}, {512, 768},
                                                {512, 1024}, {768, 768}, {256, 19},  {768, 150}, {2048, 512}};
  for (const auto& [width_in, width_out] : widths) {
    SCOPED_TRACE(fmt::format("{} -> {}", width_in, width_out));
    Check({1, 5, 7, width_in}, width_out, true);
  }
}

TEST_P(LinearTest, TakesManyRowsAndAnyRank) {
  Check({2, 19, 23, 32}, 32, true);
  Check({7, 24}, 40, false);
}

class LinearEpilogueTest : public OpTest {};

TEST_P(LinearEpilogueTest, AddsTheResidualThenActivates) {
  for (const Activation activation : {Activation::kNone, Activation::kRelu, Activation::kGelu}) {
    for (const bool has_residual : {false, true}) {
      for (const bool has_bias : {false, true}) {
        for (const int64_t width_out : {5, 16, 33, 64}) {
          SCOPED_TRACE(fmt::format("activation {}, residual {}, bias {}, width {}",
                                   static_cast<int>(activation), has_residual, has_bias, width_out));
          const Tensor x = RandomTensor({1, 3, 7, 32}, 1);
          const Tensor w = RandomTensor({width_out, 32}, 2, 0.2f);
          const Tensor b = RandomTensor({has_bias ? width_out : 0}, 3);
          const Tensor residual = RandomTensor({1, 3, 7, width_out}, 4);
          std::vector<OpInput> inputs = {Computed(x), Constant(w)};
          if (has_bias) inputs.push_back(Constant(b));
          if (has_residual) inputs.push_back(Computed(residual));
          const Tensor y =
              Run(Op::kLinearEpilogue, inputs, LinearEpilogueAttrs{has_bias, has_residual, activation});
          ExpectLike(y, [&]<typename T>(T) {
            auto sum = plain::Linear(plain::From<T>(x), plain::From<T>(w), plain::From<T>(b), 32);
            if (has_residual) sum = plain::Sum(sum, plain::From<T>(residual));
            if (activation == Activation::kRelu) sum = plain::Relu(sum);
            if (activation == Activation::kGelu) sum = plain::Gelu(sum);
            return sum;
          });
        }
      }
    }
  }
}

SEGFORGE_ON_ALL_BACKENDS(LinearTest, Op::kLinear);
SEGFORGE_ON_ALL_BACKENDS(LinearEpilogueTest, Op::kLinearEpilogue);

}  // namespace
}  // namespace segforge
