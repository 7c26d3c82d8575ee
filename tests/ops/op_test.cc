#include "tests/ops/op_test.h"

#include <cstring>
#include <random>

namespace segforge {
namespace {

struct Made {
  Graph graph;
  NodeId node = 0;
  std::unique_ptr<Kernel> kernel;
  std::vector<Tensor> inputs;  // the computed ones, in the type that the kernel reads
  ValueType type;              // of the output
};

Tensor CopyOf(const ConstTensorView& view) {
  Tensor copy(view.dtype, view.shape);
  std::memcpy(copy.view().data, view.data, view.bytes());
  return copy;
}

Tensor AsType(const Tensor& from, DType dtype) {
  Tensor to(dtype, from.shape());
  for (size_t i = 0; i < from.span<float>().size(); ++i) {
    const float value = from.span<float>()[i];
    if (dtype == DType::kF32) {
      to.span<float>()[i] = value;
    } else {
      const uint16_t bits = dtype == DType::kF16 ? HalfFromFloat(value) : Bfloat16FromFloat(value);
      static_cast<uint16_t*>(to.view().data)[i] = bits;
    }
  }
  return to;
}

Made MakeNode(const BackendCase& backend, Op op, const std::vector<OpInput>& inputs, Attributes attributes) {
  const DType storage = StorageOf(backend.precision);
  Made made;
  std::vector<NodeId> ids;
  for (const OpInput& input : inputs) {
    const std::string name = fmt::format("input{}", ids.size());
    if (input.constant) {
      ids.push_back(made.graph.AddConstant(name, CopyOf(input.tensor.view())));
    } else {
      const auto dims = input.tensor.shape().dims();
      ids.push_back(made.graph.AddInput(name, {storage, DimShape(dims.begin(), dims.end())}));
      made.inputs.push_back(AsType(input.tensor, storage));
    }
  }
  const auto id = made.graph.Add(op, "node", ids, std::move(attributes), backend.precision);
  EXPECT_TRUE(id.ok()) << id.status().message();
  made.node = id.value();
  made.type = made.graph.node(made.node).type;
  return made;
}

Made Make(const BackendCase& backend, Op op, const std::vector<OpInput>& inputs, Attributes attributes) {
  Made made = MakeNode(backend, op, inputs, std::move(attributes));
  auto kernel = backend.make().Find(op)->make(made.graph, made.graph.node(made.node));
  EXPECT_TRUE(kernel.ok()) << kernel.status().message();
  made.kernel = std::move(kernel).value();
  return made;
}

Tensor RunOnce(const BackendCase& backend, const Made& made, ThreadPool& pool, int over = -1,
               const Kernel* tuned = nullptr) {
  Tensor output(made.type.dtype, Evaluate(made.type.shape, InputSize()));
  NodeRun run = {tuned == nullptr ? *made.kernel : *tuned, {}, output.view(), over};
  for (const Tensor& input : made.inputs) run.inputs.push_back(input.view());
  backend.run(run, pool);
  return output;
}

bool SameBits(const ConstTensorView& a, const ConstTensorView& b) {
  return a.shape == b.shape && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

// Every other way of running the kernel gives the same but for rounding: what is stored may fall to the other
// side, and a bias may be rounded before it is added.
void CheckTactics(const BackendCase& backend, const Made& made, const Tensor& own, ThreadPool& pool) {
  std::vector<Shape> shapes;
  for (const Tensor& input : made.inputs) shapes.push_back(input.shape());
  const Tensor expected = ToFloat32(own.view());
  float greatest = 0;
  for (const float value : expected.span<float>()) greatest = std::max(greatest, std::abs(value));
  for (const std::string& tactic : made.kernel->Tactics(shapes)) {
    const auto tuned = made.kernel->WithTactic(shapes, tactic);
    ASSERT_TRUE(tuned.ok()) << tactic << ": " << tuned.status().message();
    const Tensor output = RunOnce(backend, made, pool, -1, tuned->get());
    EXPECT_TRUE(SameBits(output.view(), RunOnce(backend, made, pool, -1, tuned->get()).view()))
        << tactic << " differs from run to run";
    const Tensor actual = ToFloat32(output.view());
    double error = 0;
    for (size_t i = 0; i < expected.span<float>().size(); ++i) {
      error = std::max(error, std::abs(double{actual.span<float>()[i]} - expected.span<float>()[i]));
    }
    // In 16 bits and TF32 the operands' rounding prevails, in FP32 the order in which thousands are summed.
    const double roundings = backend.precision == Precision::kFp32 ? 64 : 16;
    EXPECT_LE(error, roundings * UnitRoundoff(backend.precision) * greatest) << tactic;
  }
  EXPECT_FALSE(made.kernel->WithTactic(shapes, "no such tactic").ok());
}

}  // namespace

Tensor RandomTensor(Shape shape, uint32_t seed, float deviation, float mean) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;  // of deviation 1: one of 0 is not allowed
  Tensor tensor(DType::kF32, shape);
  for (float& value : tensor.span<float>()) value = mean + deviation * normal(random);
  return tensor;
}

void ExpectAsExact(const Tensor& actual, const std::vector<double>& exact, const std::vector<float>& plain,
                   double unit, double scale) {
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
  EXPECT_LE(error, 4 * plain_error + 4 * unit * greatest)
      << "a plain float32 loop is off by " << plain_error << ", the greatest value is " << greatest;
}

Tensor OpTest::RandomTensor(Shape shape, uint32_t seed, float deviation, float mean) const {
  return Rounded(segforge::RandomTensor(shape, seed, deviation, mean));
}

Tensor OpTest::Rounded(Tensor tensor) const {
  for (float& value : tensor.span<float>()) value = RoundTo(backend().precision, value);
  return tensor;
}

bool OpTest::Takes(Op op, const std::vector<OpInput>& inputs, Attributes attributes) const {
  const Made made = MakeNode(backend(), op, inputs, std::move(attributes));
  return backend().make().Takes(made.graph, made.graph.node(made.node));
}

Tensor OpTest::Run(Op op, const std::vector<OpInput>& inputs, Attributes attributes) const {
  ThreadPool pool(threads());
  const Made made = Make(backend(), op, inputs, std::move(attributes));
  std::vector<Tensor> before;
  for (const Tensor& input : made.inputs) before.push_back(CopyOf(input.view()));
  const Tensor output = RunOnce(backend(), made, pool);
  EXPECT_TRUE(SameBits(output.view(), RunOnce(backend(), made, pool).view())) << "differs from run to run";
  for (size_t i = 0; i < made.inputs.size(); ++i) {
    EXPECT_TRUE(SameBits(made.inputs[i].view(), before[i].view())) << "writes to input " << i;
    const bool fits = made.inputs[i].view().bytes() == output.view().bytes();
    if (!made.kernel->MayOverwrite(i) || !fits) continue;
    EXPECT_TRUE(SameBits(output.view(), RunOnce(backend(), made, pool, static_cast<int>(i)).view()))
        << "cannot run over input " << i;
  }
  CheckTactics(backend(), made, output, pool);
  return ToFloat32(output.view());
}

// Threads are the CPU's: a GPU's cases are run once.
std::vector<OpCase> OpCases(std::initializer_list<Op> ops, bool on_host) {
  std::vector<OpCase> cases;
  for (const BackendCase& backend : AllBackends()) {
    if (on_host && backend.upsample_argmax == nullptr) continue;
    const Backend made = backend.make();
    if (!std::all_of(ops.begin(), ops.end(), [&](Op op) { return made.Offers(op); })) continue;
    cases.emplace_back(backend, 1);
    if (!backend.on_cuda()) cases.emplace_back(backend, 3);
  }
  return cases;
}

std::string NameOfOpTest(const testing::TestParamInfo<OpCase>& info) {
  return fmt::format("{}_{}threads", std::get<0>(info.param).name, std::get<1>(info.param));
}

}  // namespace segforge
