#include "engine/evaluate.h"
#include "engine/program.h"
#include "tests/ops/op_test.h"

namespace segforge {
namespace {

// Ops that a backend does not offer are left out; ref and cpu offer all.
class ElementwiseTest : public OpTest {
 protected:
  Tensor Positive(Tensor tensor) const {
    for (float& value : tensor.span<float>()) value = std::abs(value) + 0.1f;
    return Rounded(std::move(tensor));
  }
  template <typename F>
  void CheckUnary(Op op, const Tensor& x, F f) {
    SCOPED_TRACE(NameOf(op));
    if (!Offers(op)) return;
    ExpectLike(Run(op, {Computed(x)}), [&]<typename T>(T) {
      auto values = plain::From<T>(x);
      for (T& value : values) value = f(value);
      return values;
    });
  }
  // b repeats every b.elems() elements of a.
  template <typename F>
  void CheckBinary(Op op, const Tensor& a, const OpInput& b, F f) {
    SCOPED_TRACE(fmt::format("{} of {} and {}", NameOf(op), ToString(a.shape()), ToString(b.tensor.shape())));
    if (!Offers(op)) return;
    ExpectLike(Run(op, {Computed(a), b}), [&]<typename T>(T) {
      auto values = plain::From<T>(a);
      const auto others = plain::From<T>(b.tensor);
      for (size_t i = 0; i < values.size(); ++i) values[i] = f(values[i], others[i % others.size()]);
      return values;
    });
  }
};

TEST_P(ElementwiseTest, UnaryMatchesFloat64) {
  for (const int64_t elems : {1, 7, 8, 9, 17, 1000}) {
    const Tensor x = RandomTensor({1, elems}, 1, 2);
    CheckUnary(Op::kRelu, x, [](auto v) { return v > 0 ? v : 0; });
    CheckUnary(Op::kErf, x, [](auto v) { return std::erf(v); });
    CheckUnary(Op::kSqrt, Positive(RandomTensor({1, elems}, 2)), [](auto v) { return std::sqrt(v); });
    if (!Offers(Op::kGelu)) continue;
    ExpectLike(Run(Op::kGelu, {Computed(x)}), [&]<typename T>(T) { return plain::Gelu(plain::From<T>(x)); });
  }
}

// On ref alone, with which a graph in f32 can be rounded as a narrower one is.
TEST(RefCast, RoundsToNarrowTypesAndBack) {
  const Tensor x = segforge::RandomTensor({3, 1001}, 4, 100);
  for (const DType narrow : {DType::kF16, DType::kBF16}) {
    Graph graph;
    const NodeId wide = graph.AddInput("x", {DType::kF32, {3, 1001}});
    const NodeId rounded = graph.Add(Op::kCast, "rounded", {wide}, CastAttrs{narrow}).value();
    graph.AddOutput("y", graph.Add(Op::kCast, "y", {rounded}, CastAttrs{DType::kF32}).value());
    const std::vector<ConstTensorView> inputs = {x.view()};
    const auto y = Evaluate(graph, MakeRefBackend(), inputs, {1, 1, 1}, 2);
    ASSERT_TRUE(y.ok()) << y.status().message();
    const bool half = narrow == DType::kF16;
    for (size_t i = 0; i < x.span<float>().size(); ++i) {
      const float value = x.span<float>()[i];
      const float expected =
          half ? FloatFromHalf(HalfFromFloat(value)) : FloatFromBfloat16(Bfloat16FromFloat(value));
      ASSERT_EQ((*y)[0].span<float>()[i], expected) << value;
    }
  }
}

TEST(RefCast, IsAllThatRefDoesOnNarrowTypes) {
  Graph graph;
  const NodeId x = graph.AddInput("x", {DType::kF16, {3}});
  graph.AddOutput("y", graph.Add(Op::kRelu, "relu", {x}, NoAttrs(), Precision::kFp16).value());
  EXPECT_EQ(Compile(graph, MakeRefBackend()).status().message(),
            "relu: the reference backend computes in f32, \"x\" is f16");
}

TEST_P(ElementwiseTest, GeluKeepsItsTails) {
  const Tensor x = Tensor::From<float>({8}, std::vector<float>{-40, -10, -6, -3, -0.0f, 1e-10f, 6, 40});
  if (!Offers(Op::kGelu)) GTEST_SKIP() << backend().name << " has no Gelu";
  const Tensor y = Run(Op::kGelu, {Computed(x)});
  for (size_t i = 0; i < 8; ++i) {
    const double v = static_cast<double>(x.span<float>()[i]);
    const double exact = 0.5 * v * std::erfc(-v / std::numbers::sqrt2);
    EXPECT_NEAR(static_cast<double>(y.span<float>()[i]), exact, 16 * unit() * std::max(1.0, std::abs(exact)))
        << v;
  }
}

TEST_P(ElementwiseTest, BinaryMatchesFloat64AndBroadcasts) {
  const Tensor a = RandomTensor({2, 3, 5, 9}, 1);
  for (const Shape& shape : {Shape{2, 3, 5, 9}, Shape{9}, Shape{5, 9}, Shape{1}, Shape{}}) {
    const Tensor b = Positive(RandomTensor(shape, 2));
    for (const OpInput& input : {Computed(b), Constant(b)}) {
      CheckBinary(Op::kAdd, a, input, [](auto x, auto y) { return x + y; });
      CheckBinary(Op::kSub, a, input, [](auto x, auto y) { return x - y; });
      CheckBinary(Op::kMul, a, input, [](auto x, auto y) { return x * y; });
      CheckBinary(Op::kDiv, a, input, [](auto x, auto y) { return x / y; });
    }
  }
  const Tensor two = RandomTensor({1}, 3, 0, 2);
  CheckBinary(Op::kPow, a, Constant(two), [](auto x, auto) { return x * x; });
}

TEST_P(ElementwiseTest, AColumnRepeatsAlongTheLastAxis) {
  if (!Offers(Op::kReduceMean) || !Offers(Op::kSub)) GTEST_SKIP() << backend().name << " has no such op";
  const Tensor a = RandomTensor({4, 6}, 1);
  const Tensor mean = Run(Op::kReduceMean, {Computed(a)});
  ASSERT_EQ(mean.shape(), (Shape{4, 1}));
  const auto centre = [&]<typename T>(T) {
    auto values = plain::From<T>(a);
    for (size_t row = 0; row < 4; ++row) {
      T sum = 0;
      for (size_t c = 0; c < 6; ++c) sum += values[row * 6 + c];
      for (size_t c = 0; c < 6; ++c) values[row * 6 + c] -= sum / 6;
    }
    return values;
  };
  ExpectLike(Run(Op::kSub, {Computed(a), Computed(mean)}), centre);
}

class LayoutTest : public OpTest {};

TEST_P(LayoutTest, MovesEveryElement) {
  const Tensor x = RandomTensor({2, 3, 4, 5}, 1);
  const auto in = x.span<float>();
  const Tensor reshaped = Run(Op::kReshape, {Computed(x)}, ReshapeAttrs{{6, 20}});
  EXPECT_TRUE(std::ranges::equal(reshaped.span<float>(), in));

  const Tensor moved = Run(Op::kTranspose, {Computed(x)}, TransposeAttrs{{2, 0, 3, 1}});
  ASSERT_EQ(moved.shape(), (Shape{4, 2, 5, 3}));
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t a = i / 60, b = i / 20 % 3, c = i / 5 % 4, d = i % 5;
    EXPECT_EQ(moved.span<float>()[((c * 2 + a) * 5 + d) * 3 + b], in[i]);
  }
}

TEST_P(LayoutTest, ConcatenatesAlongTheLastAxis) {
  const Tensor a = RandomTensor({2, 3, 1}, 1);
  const Tensor b = RandomTensor({2, 3, 4}, 2);
  const Tensor c = RandomTensor({2, 3, 2}, 3);
  const Tensor y = Run(Op::kConcat, {Computed(a), Computed(b), Computed(c)});
  ASSERT_EQ(y.shape(), (Shape{2, 3, 7}));
  for (size_t row = 0; row < 6; ++row) {
    EXPECT_EQ(y.span<float>()[row * 7], a.span<float>()[row]);
    EXPECT_EQ(y.span<float>()[row * 7 + 4], b.span<float>()[row * 4 + 3]);
    EXPECT_EQ(y.span<float>()[row * 7 + 5], c.span<float>()[row * 2]);
  }
}

SEGFORGE_ON_ALL_BACKENDS(ElementwiseTest);
SEGFORGE_ON_ALL_BACKENDS(LayoutTest, Op::kReshape, Op::kTranspose, Op::kConcat);

}  // namespace
}  // namespace segforge
