#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class LayerNormTest : public OpTest {
 protected:
  void Check(const Tensor& x, float eps) {
    const Tensor gamma = RandomTensor({x.shape().back()}, 2, 0.3f, 1);
    const Tensor beta = RandomTensor({x.shape().back()}, 3);
    const Tensor y = Run(Op::kLayerNorm, {Computed(x), Constant(gamma), Constant(beta)}, LayerNormAttrs{eps});
    ExpectLike(y, [&]<typename T>(T) {
      return plain::LayerNorm(plain::From<T>(x), plain::From<T>(gamma), plain::From<T>(beta), eps);
    });
  }
};

TEST_P(LayerNormTest, MatchesFloat64AtEveryWidth) {
  for (const int64_t channels :
       {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 32, 64, 128, 160, 256, 320, 512, 513}) {
    SCOPED_TRACE(channels);
    Check(RandomTensor({1, 3, 5, channels}, 1), 1e-5f);
    Check(RandomTensor({2, 1, 1, channels}, 4, 3), 1e-6f);
  }
}

TEST_P(LayerNormTest, KeepsPrecisionOnLargeMean) {
  Check(RandomTensor({1, 4, 4, 256}, 5, 0.5f, 1000), 1e-6f);
}

TEST_P(LayerNormTest, YieldsBetaForEqualChannels) {
  const Tensor x = RandomTensor({1, 2, 2, 16}, 6, 0, 3);
  const Tensor gamma = RandomTensor({16}, 7);
  const Tensor beta = RandomTensor({16}, 8);
  const Tensor y = Run(Op::kLayerNorm, {Computed(x), Constant(gamma), Constant(beta)}, LayerNormAttrs{1e-5f});
  for (size_t i = 0; i < 64; ++i) EXPECT_NEAR(y.span<float>()[i], beta.span<float>()[i % 16], 16 * unit());
}

class BatchNormTest : public OpTest {};

TEST_P(BatchNormTest, MatchesItsFormula) {
  const Tensor x = RandomTensor({2, 3, 5, 7}, 1, 4);
  const Tensor gamma = RandomTensor({7}, 2);
  const Tensor beta = RandomTensor({7}, 3);
  const Tensor mean = RandomTensor({7}, 4);
  Tensor variance = RandomTensor({7}, 5);
  for (float& value : variance.span<float>()) value = value * value + 0.1f;
  const Tensor y =
      Run(Op::kBatchNorm, {Computed(x), Constant(gamma), Constant(beta), Constant(mean), Constant(variance)},
          BatchNormAttrs{1e-5f});
  ExpectLike(y, [&]<typename T>(T) {
    auto values = plain::From<T>(x);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto parameter = [&](const Tensor& of) { return static_cast<T>(of.span<float>()[i % 7]); };
      values[i] =
          (values[i] - parameter(mean)) / std::sqrt(parameter(variance) + T(1e-5f)) * parameter(gamma) +
          parameter(beta);
    }
    return values;
  });
}

SEGFORGE_ON_ALL_BACKENDS(LayerNormTest, Op::kLayerNorm);
SEGFORGE_ON_ALL_BACKENDS(BatchNormTest, Op::kBatchNorm);

}  // namespace
}  // namespace segforge
