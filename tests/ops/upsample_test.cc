#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class ResizeBilinearTest : public OpTest {};

TEST_P(ResizeBilinearTest, MatchesFloat64UpAndDown) {
  for (const int64_t channels : {1, 7, 8, 17}) {
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{1, 1}, {2, 3}, {5, 7}, {8, 8}, {13, 6}}) {
      for (const auto& [to_height, to_width] :
           {std::pair<int64_t, int64_t>{1, 1}, {5, 7}, {16, 16}, {25, 11}}) {
        SCOPED_TRACE(fmt::format("{}x{}x{} to {}x{}", height, width, channels, to_height, to_width));
        const Tensor x = RandomTensor({2, height, width, channels}, 1);
        const Tensor y = Run(Op::kResizeBilinear, {Computed(x)}, ResizeAttrs{to_height, to_width});
        ExpectLike(y, [&, to_h = to_height, to_w = to_width]<typename T>(T) {
          return plain::Resize(plain::From<T>(x), x.shape(), to_h, to_w);
        });
      }
    }
  }
}

TEST_P(ResizeBilinearTest, DoublesARowAsTorchDoes) {
  const Tensor x = Tensor::From<float>({1, 1, 2, 1}, std::vector<float>{0, 1});
  const Tensor y = Run(Op::kResizeBilinear, {Computed(x)}, ResizeAttrs{1, 4});
  const auto values = y.span<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{0, 0.25f, 0.75f, 1}));
}

class UpsampleSumTest : public OpTest {};

TEST_P(UpsampleSumTest, AddsTheStagesAtTheFirstOnesSize) {
  for (const int64_t channels : {1, 9, 16, 256, 768}) {
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{1, 1}, {8, 8}, {9, 13}}) {
      for (const Activation activation : {Activation::kNone, Activation::kRelu}) {
        SCOPED_TRACE(fmt::format("{}x{}x{}", height, width, channels));
        std::vector<Tensor> maps;
        for (const int64_t ratio : {1, 2, 4, 8}) {
          const auto reduced = [&](int64_t size) { return (size + ratio - 1) / ratio; };
          maps.push_back(
              RandomTensor({2, reduced(height), reduced(width), channels}, static_cast<uint32_t>(ratio)));
        }
        std::vector<OpInput> inputs;
        for (const Tensor& map : maps) inputs.push_back(Computed(map));
        ExpectLike(Run(Op::kUpsampleSum, inputs, UpsampleSumAttrs{activation}),
                   [&, to_h = height, to_w = width]<typename T>(T) {
                     auto sum = plain::From<T>(maps[0]);
                     for (size_t i = 1; i < maps.size(); ++i) {
                       sum = plain::Sum(sum,
                                        plain::Resize(plain::From<T>(maps[i]), maps[i].shape(), to_h, to_w));
                     }
                     return activation == Activation::kRelu ? plain::Relu(sum) : sum;
                   });
      }
    }
  }
}

SEGFORGE_ON_ALL_BACKENDS(ResizeBilinearTest, Op::kResizeBilinear);
SEGFORGE_ON_ALL_BACKENDS(UpsampleSumTest, Op::kUpsampleSum);

}  // namespace
}  // namespace segforge
