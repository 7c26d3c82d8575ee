#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class AttentionTest : public OpTest {
 protected:
  void Check(const Shape& q_shape, const Shape& kv_map, int64_t heads, float deviation = 1) {
    const Shape kv_shape = {q_shape[0], kv_map[0], kv_map[1], 2 * q_shape[3]};
    SCOPED_TRACE(fmt::format("q {}, kv {}, {} heads", ToString(q_shape), ToString(kv_shape), heads));
    const Tensor q = RandomTensor(q_shape, 1, deviation);
    const Tensor kv = RandomTensor(kv_shape, 2, deviation);
    const float scale = 1 / std::sqrt(static_cast<float>(q_shape[3] / heads));
    const Tensor y = Run(Op::kAttention, {Computed(q), Computed(kv)}, AttentionAttrs{heads, scale});
    ExpectLike(y, [&]<typename T>(T) {
      return plain::Attention(plain::From<T>(q), q_shape, plain::From<T>(kv), kv_shape, heads, scale);
    });
  }
};

TEST_P(AttentionTest, MatchesFloat64AtSmallSizes) {
  for (const int64_t keys : {1, 2, 7, 8, 9, 15, 16, 17, 33}) {
    Check({1, 1, 1, 32}, {1, keys}, 1);
    Check({2, 3, 5, 64}, {keys, 1}, 2);
  }
  Check({1, 2, 3, 6}, {2, 2}, 3);
  Check({1, 3, 3, 9}, {3, 1}, 1);
}

TEST_P(AttentionTest, MatchesFloat64AtTheNetworksHeads) {
  Check({1, 16, 16, 32}, {2, 2}, 1);  // B0
  Check({1, 8, 8, 64}, {2, 2}, 2);
  Check({1, 9, 7, 160}, {4, 3}, 5);
  Check({1, 7, 9, 256}, {7, 9}, 8);
  Check({1, 16, 16, 64}, {2, 2}, 1);  // B1 to B5
  Check({1, 8, 8, 128}, {2, 2}, 2);
  Check({1, 9, 7, 320}, {4, 3}, 5);
  Check({1, 7, 9, 512}, {7, 9}, 8);
  Check({1, 4, 4, 32}, {16, 17}, 1);  // more keys than any block of a kernel
}

TEST_P(AttentionTest, StaysFiniteOnLargeScores) { Check({1, 5, 5, 64}, {5, 5}, 2, 30); }

// The CPU's kernel leaves the maximum out where it knows that no score is large.
TEST_P(AttentionTest, MatchesFloat64WhicheverWayTheSoftmaxIsTaken) {
  for (const float deviation : {0.0f, 0.1f, 2.0f, 2.5f, 3.0f, 3.5f, 4.0f, 6.0f}) {
    Check({1, 9, 7, 64}, {16, 17}, 2, deviation);
  }
}

TEST_P(AttentionTest, AveragesTheValuesOfEqualScores) {
  const Shape q_shape = {1, 5, 5, 32}, kv_shape = {1, 3, 7, 64};
  for (const float k : {-60.0f, -10.9f, 10.9f, 60.0f}) {  // scores of +-62 and +-340
    Tensor q(DType::kF32, q_shape), kv(DType::kF32, kv_shape);
    std::ranges::fill(q.span<float>(), 1.0f);
    const Tensor values = RandomTensor({1, 3, 7, 32}, 1);
    std::vector<double> mean(32, 0.0);
    for (size_t i = 0; i < 21 * 32; ++i) {
      kv.span<float>()[i / 32 * 64 + i % 32] = k;
      kv.span<float>()[i / 32 * 64 + 32 + i % 32] = values.span<float>()[i];
      mean[i % 32] += values.span<float>()[i] / 21.0;
    }
    const Tensor y = Run(Op::kAttention, {Computed(q), Computed(kv)}, AttentionAttrs{1, 0.1768f});
    for (size_t i = 0; i < 25 * 32; ++i) EXPECT_NEAR(y.span<float>()[i], mean[i % 32], 16 * unit()) << k;
  }
}

class SoftmaxTest : public OpTest {};

TEST_P(SoftmaxTest, MatchesFloat64) {
  for (const int64_t channels : {1, 3, 8, 17, 64, 257}) {
    const Tensor x = RandomTensor({2, 3, channels}, 1, 20);
    ExpectLike(Run(Op::kSoftmax, {Computed(x)}),
               [&]<typename T>(T) { return plain::Softmax(plain::From<T>(x), plain::Size(channels)); });
  }
}

class MatMulTest : public OpTest {};

TEST_P(MatMulTest, MultipliesEachMatrixOfABatch) {
  const Tensor a = RandomTensor({2, 3, 4, 5}, 1);
  const Tensor b = RandomTensor({2, 3, 5, 7}, 2);
  Tensor transposed(DType::kF32, {2, 3, 7, 5});
  for (size_t i = 0; i < 6; ++i) {
    for (size_t k = 0; k < 35; ++k) {
      transposed.span<float>()[i * 35 + k % 7 * 5 + k / 7] = b.span<float>()[i * 35 + k];
    }
  }
  const auto multiply = [&]<typename T>(T) {
    std::vector<T> y;
    for (size_t i = 0; i < 6; ++i) {  // a product with b is a linear layer of weights b transposed
      const auto part = [&](const Tensor& of, size_t elems) {
        const auto all = plain::From<T>(of);
        return std::vector<T>(all.begin() + static_cast<std::ptrdiff_t>(i * elems),
                              all.begin() + static_cast<std::ptrdiff_t>((i + 1) * elems));
      };
      const auto product = plain::Linear(part(a, 20), part(transposed, 35), {}, 5);
      y.insert(y.end(), product.begin(), product.end());
    }
    return y;
  };
  ExpectLike(Run(Op::kMatMul, {Computed(a), Computed(b)}, MatMulAttrs{false}), multiply);
  ExpectLike(Run(Op::kMatMul, {Computed(a), Computed(transposed)}, MatMulAttrs{true}), multiply);
}

SEGFORGE_ON_ALL_BACKENDS(AttentionTest, Op::kAttention);
SEGFORGE_ON_ALL_BACKENDS(SoftmaxTest, Op::kSoftmax);
SEGFORGE_ON_ALL_BACKENDS(MatMulTest, Op::kMatMul);

}  // namespace
}  // namespace segforge
