#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class DecodeHeadTest : public OpTest {
 protected:
  void Check(const Shape& shape, int64_t width, int64_t classes, const std::vector<int64_t>& ratios) {
    SCOPED_TRACE(
        fmt::format("{}, width {}, {} classes, {} maps", ToString(shape), width, classes, ratios.size()));
    const int64_t channels = shape[3];
    const Tensor x = RandomTensor(shape, 1);
    const Tensor w1 = RandomTensor({width, channels}, 2, 1 / std::sqrt(static_cast<float>(channels)));
    const Tensor b1 = RandomTensor({width}, 3);
    const Tensor w2 = RandomTensor({classes, width}, 4, 1 / std::sqrt(static_cast<float>(width)));
    const Tensor b2 = RandomTensor({classes}, 5);
    std::vector<OpInput> inputs = {Computed(x), Constant(w1), Constant(b1), Constant(w2), Constant(b2)};
    std::vector<Tensor> maps;
    for (const int64_t ratio : ratios) {
      const auto reduced = [&](int64_t size) { return (size + ratio - 1) / ratio; };
      maps.push_back(RandomTensor({shape[0], reduced(shape[1]), reduced(shape[2]), width},
                                  5 + static_cast<uint32_t>(ratio)));
    }
    for (const Tensor& map : maps) inputs.push_back(Computed(map));
    ExpectLike(Run(Op::kDecodeHead, inputs), [&]<typename T>(T) {
      const auto of = [](const Tensor& tensor) { return plain::From<T>(tensor); };
      auto sum = plain::Linear(of(x), of(w1), of(b1), plain::Size(channels));
      for (const Tensor& map : maps) {
        sum = plain::Sum(sum, plain::Resize(of(map), map.shape(), shape[1], shape[2]));
      }
      return plain::Linear(plain::Relu(sum), of(w2), of(b2), plain::Size(width));
    });
  }
};

TEST_P(DecodeHeadTest, MatchesFloat64AtSmallSizes) {
  Check({1, 1, 1, 8}, 16, 2, {1});
  Check({2, 3, 5, 7}, 9, 1, {2, 4});
  Check({1, 5, 1, 16}, 17, 33, {2, 4, 8});
  Check({1, 1, 9, 3}, 5, 7, {1, 2, 3, 4, 5});
}

TEST_P(DecodeHeadTest, MatchesFloat64AtTheNetworksWidths) {
  Check({1, 8, 8, 32}, 256, 11, {2, 4, 8});  // B0
  Check({2, 9, 13, 64}, 256, 19, {2, 4, 8});
  Check({1, 7, 9, 64}, 768, 150, {2, 4, 8});        // B2 to B5
  Check({1, 2, 300, 64}, 256, 19, {2, 4, 8});       // several runs of pixels
  Check({1, 8, 8, 256}, 256, 16, {1, 2, 4, 8, 8});  // behind a head with a ReLU a stage
}

SEGFORGE_ON_ALL_BACKENDS(DecodeHeadTest, Op::kDecodeHead);

}  // namespace
}  // namespace segforge
