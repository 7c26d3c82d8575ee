#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class Conv2dTest : public OpTest {
 protected:
  void Check(Op op, const Shape& shape, int64_t width_out, int64_t kernel, int64_t stride, int64_t pad) {
    SCOPED_TRACE(fmt::format("{} -> {}, kernel {}, stride {}", ToString(shape), width_out, kernel, stride));
    const Tensor x = RandomTensor(shape, 1);
    const Tensor w = RandomTensor({width_out, kernel, kernel, shape[3]}, 2);
    const Tensor b = RandomTensor({width_out}, 3);
    const Tensor y = Run(op, {Computed(x), Constant(w), Constant(b)}, Conv2dAttrs{stride, pad});
    ExpectLike(y, [&]<typename T>(T) {
      return plain::Conv2d(plain::From<T>(x), shape, plain::From<T>(w), plain::From<T>(b), kernel, stride,
                           pad);
    });
  }
};

TEST_P(Conv2dTest, MatchesFloat64AtSmallSizes) {
  Check(Op::kConv2d, {1, 1, 1, 1}, 1, 1, 1, 0);
  Check(Op::kConv2d, {1, 3, 5, 2}, 3, 3, 1, 1);
  Check(Op::kConv2d, {2, 7, 6, 3}, 17, 3, 2, 1);
  Check(Op::kConv2d, {1, 1, 9, 5}, 9, 3, 2, 1);
  Check(Op::kConv2d, {1, 9, 8, 4}, 16, 2, 3, 0);
}

TEST_P(Conv2dTest, EmbedsPatchesAsTheNetworksDo) {
  for (const int64_t width : {32, 64}) {
    Check(Op::kConv2d, {1, 13, 35, 3}, width, 7, 4, 3);
    Check(Op::kConv2d, {2, 8, 9, 3}, width, 7, 4, 3);
  }
  const std::pair<int64_t, int64_t> widths[] = {{32, 64},  {64, 160},  {160, 256},
                                                {64, 128}, {128, 320}, {320, 512}};
  for (const auto& [width_in, width_out] : widths) {
    Check(Op::kConv2d, {1, 5, 6, width_in}, width_out, 3, 2, 1);
  }
}

TEST_P(Conv2dTest, ReducesPatchesAndDropsWhatDoesNotFill) {
  const std::pair<int64_t, int64_t> ratios[] = {{32, 8},  {64, 4},  {160, 2}, {64, 8},
                                                {128, 4}, {320, 2}, {7, 3}};
  for (const auto& [width, ratio] : ratios) {
    Check(Op::kPatchLinear, {1, 2 * ratio, 3 * ratio, width}, width, ratio, ratio, 0);
    Check(Op::kPatchLinear, {2, 2 * ratio + 1, 2 * ratio - 1, width}, width, ratio, ratio, 0);
    Check(Op::kConv2d, {1, 2 * ratio + 1, ratio, width}, width, ratio, ratio, 0);
  }
}

class DepthwiseConvTest : public OpTest {
 protected:
  void Check(const Shape& shape) {
    SCOPED_TRACE(ToString(shape));
    const Tensor x = RandomTensor(shape, 1);
    const Tensor w = RandomTensor({3, 3, shape[3]}, 2);
    const Tensor b = RandomTensor({shape[3]}, 3);
    const std::vector<OpInput> inputs = {Computed(x), Constant(w), Constant(b)};
    const auto convolve = [&]<typename T>(T) {
      return plain::DepthwiseConv(plain::From<T>(x), shape, plain::From<T>(w), plain::From<T>(b), 3);
    };
    ExpectLike(Run(Op::kDepthwiseConv2d, inputs, Conv2dAttrs{1, 1}), convolve);
    double scale = 0;  // of what GELU is given: below zero it returns far less
    for (const double value : convolve(double())) scale = std::max(scale, std::abs(value));
    ExpectLike(
        Run(Op::kDepthwiseConvGelu, inputs, Conv2dAttrs{1, 1}),
        [&]<typename T>(T type) { return plain::Gelu(convolve(type)); }, scale);
  }
};

TEST_P(DepthwiseConvTest, MatchesFloat64AtTheEdges) {
  for (const int64_t channels : {1, 7, 8, 9, 17, 32}) {
    for (const int64_t height : {1, 2, 3, 5}) {
      for (const int64_t width : {1, 2, 3, 9}) Check({1, height, width, channels});
    }
  }
}

TEST_P(DepthwiseConvTest, MatchesFloat64AtTheNetworksWidths) {
  for (const int64_t channels : {128, 256, 512, 640, 1024, 1280, 2048}) Check({2, 5, 7, channels});
}

SEGFORGE_ON_ALL_BACKENDS(Conv2dTest, Op::kConv2d, Op::kPatchLinear);
SEGFORGE_ON_ALL_BACKENDS(DepthwiseConvTest, Op::kDepthwiseConv2d, Op::kDepthwiseConvGelu);

}  // namespace
}  // namespace segforge
