#include "tests/ops/op_test.h"

#include <cstring>
#include <random>

namespace segforge {
namespace {

constexpr size_t kGuardBytes = 256;
constexpr unsigned char kGuard = 0xA5;    // as a float it is tiny, and no result
constexpr unsigned char kGarbage = 0xFF;  // as a float it is a NaN, so that what is read shows

// Bytes with guards on both sides, full of garbage.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(size_t bytes) : bytes_(bytes), buffer_(bytes + 2 * kGuardBytes) {
    std::memset(buffer_.data(), kGuard, bytes + 2 * kGuardBytes);
    std::memset(data(), kGarbage, bytes);
  }
  std::byte* data() const { return buffer_.data() + kGuardBytes; }
  bool intact() const {
    for (size_t i = 0; i < kGuardBytes; ++i) {
      if (buffer_.data()[i] != std::byte{kGuard} || data()[bytes_ + i] != std::byte{kGuard}) return false;
    }
    return true;
  }

 private:
  size_t bytes_;
  AlignedBuffer buffer_;
};

struct Made {
  Graph graph;
  std::unique_ptr<Kernel> kernel;
  std::vector<ConstTensorView> views;  // of the computed inputs
  Shape output;
};

ValueType TypeOf(const Tensor& tensor) {
  return {tensor.dtype(), DimShape(tensor.shape().dims().begin(), tensor.shape().dims().end())};
}

Tensor CopyOf(const ConstTensorView& view) {
  Tensor copy(view.dtype, view.shape);
  std::memcpy(copy.view().data, view.data, view.bytes());
  return copy;
}

Made Make(const Backend& backend, Op op, const std::vector<OpInput>& inputs, Attributes attributes) {
  Made made;
  std::vector<NodeId> ids;
  for (const OpInput& input : inputs) {
    const std::string name = fmt::format("input{}", ids.size());
    if (input.constant) {
      ids.push_back(made.graph.AddConstant(name, CopyOf(input.tensor.view())));
    } else {
      ids.push_back(made.graph.AddInput(name, TypeOf(input.tensor)));
      made.views.push_back(input.tensor.view());
    }
  }
  const auto id = made.graph.Add(op, "node", ids, std::move(attributes));
  EXPECT_TRUE(id.ok()) << id.status().message();
  made.output = Evaluate(made.graph.node(id.value()).type.shape, InputSize());
  auto kernel = backend.Find(op)->make(made.graph, made.graph.node(id.value()));
  EXPECT_TRUE(kernel.ok()) << kernel.status().message();
  made.kernel = std::move(kernel).value();
  return made;
}

// Runs once; where `over` is an input, the output is laid over it.
Tensor RunOnce(const Made& made, ThreadPool& pool, int over = -1) {
  std::vector<Shape> shapes;
  for (const ConstTensorView& view : made.views) shapes.push_back(view.shape);
  const GuardedBuffer scratch(made.kernel->ScratchBytes(shapes, pool.threads()));
  TensorView output = {nullptr, DType::kF32, made.output};
  const GuardedBuffer buffer(output.bytes());
  output.data = buffer.data();
  std::vector<ConstTensorView> views = made.views;
  if (over >= 0) {
    ConstTensorView& view = views[static_cast<size_t>(over)];
    std::memcpy(buffer.data(), view.data, view.bytes());
    view.data = buffer.data();
  }
  made.kernel->Run({views, output, scratch.data(), &pool});
  EXPECT_TRUE(scratch.intact()) << "writes past its scratch";
  EXPECT_TRUE(buffer.intact()) << "writes past its output";
  return CopyOf(output);
}

bool SameBits(const ConstTensorView& a, const ConstTensorView& b) {
  return a.shape == b.shape && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

}  // namespace

Tensor RandomTensor(Shape shape, uint32_t seed, float deviation, float mean) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;  // of deviation 1: one of 0 is not allowed
  Tensor tensor(DType::kF32, shape);
  for (float& value : tensor.span<float>()) value = mean + deviation * normal(random);
  return tensor;
}

void ExpectAsExactAsFloat32(const Tensor& actual, const std::vector<double>& exact,
                            const std::vector<float>& plain, double scale) {
  const auto values = actual.span<float>();
  ASSERT_EQ(values.size(), exact.size());
  ASSERT_EQ(plain.size(), exact.size());
  double error = 0;
  double plain_error = 0;
  double greatest = scale;
  for (size_t i = 0; i < exact.size(); ++i) {
    ASSERT_TRUE(std::isfinite(values[i])) << "element " << i;
    error = std::max(error, std::abs(static_cast<double>(values[i]) - exact[i]));
    plain_error = std::max(plain_error, std::abs(static_cast<double>(plain[i]) - exact[i]));
    greatest = std::max(greatest, std::abs(exact[i]));
  }
  EXPECT_LE(error, 4 * plain_error + 0x1p-22 * greatest)
      << "a plain float32 loop is off by " << plain_error << ", the greatest value is " << greatest;
}

Tensor OpTest::Run(Op op, const std::vector<OpInput>& inputs, Attributes attributes) const {
  ThreadPool pool(threads());
  const Made made = Make(backend().make(), op, inputs, std::move(attributes));
  std::vector<Tensor> before;
  for (const ConstTensorView& view : made.views) before.push_back(CopyOf(view));
  Tensor output = RunOnce(made, pool);
  EXPECT_TRUE(SameBits(output.view(), RunOnce(made, pool).view())) << "differs from run to run";
  for (size_t i = 0; i < made.views.size(); ++i) {
    EXPECT_TRUE(SameBits(made.views[i], before[i].view())) << "writes to input " << i;
    if (!made.kernel->MayOverwrite(i) || made.views[i].shape.elems() != made.output.elems()) continue;
    EXPECT_TRUE(SameBits(output.view(), RunOnce(made, pool, static_cast<int>(i)).view()))
        << "cannot run over input " << i;
  }
  return output;
}

std::string NameOfOpTest(const testing::TestParamInfo<std::tuple<BackendCase, int>>& info) {
  return fmt::format("{}_{}threads", std::get<0>(info.param).name, std::get<1>(info.param));
}

}  // namespace segforge
