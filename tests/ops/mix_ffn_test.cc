#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class MixFfnTest : public OpTest {
 protected:
  void Check(const Shape& shape, int64_t hidden) {
    SCOPED_TRACE(fmt::format("{}, hidden {}", ToString(shape), hidden));
    const int64_t channels = shape[3];
    const Tensor x = RandomTensor(shape, 1, 2, 0.5f);
    const Tensor gamma = RandomTensor({channels}, 2, 0.3f, 1);
    const Tensor beta = RandomTensor({channels}, 3, 0.3f);
    const Tensor w1 = RandomTensor({hidden, channels}, 4, 1 / std::sqrt(static_cast<float>(channels)));
    const Tensor b1 = RandomTensor({hidden}, 5);
    const Tensor wd = RandomTensor({3, 3, hidden}, 6, 0.4f);
    const Tensor bd = RandomTensor({hidden}, 7);
    const Tensor w2 = RandomTensor({channels, hidden}, 8, 1 / std::sqrt(static_cast<float>(hidden)));
    const Tensor b2 = RandomTensor({channels}, 9);
    const std::vector<OpInput> inputs = {Computed(x),  Constant(gamma), Constant(beta),
                                         Constant(w1), Constant(b1),    Constant(wd),
                                         Constant(bd), Constant(w2),    Constant(b2)};
    if (!Takes(Op::kMixFfn, inputs, MixFfnAttrs{1e-6f})) return;
    const Tensor y = Run(Op::kMixFfn, inputs, MixFfnAttrs{1e-6f});
    ExpectLike(y, [&]<typename T>(T) {
      const auto of = [](const Tensor& tensor) { return plain::From<T>(tensor); };
      const Shape hidden_shape = {shape[0], shape[1], shape[2], hidden};
      const auto normal = plain::LayerNorm(of(x), of(gamma), of(beta), 1e-6f);
      const auto wide = plain::Linear(normal, of(w1), of(b1), plain::Size(channels));
      const auto active = plain::Gelu(plain::DepthwiseConv(wide, hidden_shape, of(wd), of(bd), 3));
      return plain::Sum(of(x), plain::Linear(active, of(w2), of(b2), plain::Size(hidden)));
    });
  }
};

TEST_P(MixFfnTest, MatchesFloat64AtSmallSizes) {
  Check({1, 1, 1, 8}, 32);
  Check({1, 1, 5, 7}, 9);
  Check({1, 5, 1, 16}, 17);
  Check({2, 3, 3, 9}, 36);
  Check({1, 11, 2, 33}, 31);
  Check({1, 2, 2, 1}, 1);
}

TEST_P(MixFfnTest, MatchesFloat64AtTheNetworksWidths) {
  Check({1, 16, 17, 32}, 128);  // B0
  Check({2, 7, 9, 64}, 256);
  Check({1, 35, 50, 64}, 256);
  Check({1, 5, 7, 160}, 640);
  Check({1, 3, 5, 256}, 1024);
  Check({1, 5, 6, 128}, 512);  // B1 to B5
  Check({2, 9, 17, 128}, 512);
  Check({1, 3, 5, 320}, 1280);
  Check({1, 3, 3, 512}, 2048);
}

SEGFORGE_ON_ALL_BACKENDS(MixFfnTest, Op::kMixFfn);

}  // namespace
}  // namespace segforge
