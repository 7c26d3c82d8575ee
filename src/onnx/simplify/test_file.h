// Small ONNX files made in tests, and what tests expect of rewrites.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "onnx/simplify/infer.h"
#include "onnx/simplify/remove_dead.h"
#include "onnx/simplify/rewrite.h"
#include "onnx/simplify/test_kernels.h"

namespace segforge::simplify::testing {

// Every method that adds a value returns its name.
class TestFile {
 public:
  explicit TestFile(int64_t opset = 18) { file.opset = opset; }
  OnnxFile file;

  std::string Input(const std::string& name, const Ints& dims, DType dtype = DType::kF32) {
    file.inputs.push_back({name, dtype, dims});
    return name;
  }
  std::string Free(const std::string& name, const std::vector<std::string>& names, const Ints& dims) {
    file.inputs.push_back({name, DType::kF32, dims, names});
    return name;
  }
  // Numbers of 0.5 to 1.5.
  std::string Weight(const Shape& shape) {
    Tensor tensor(DType::kF32, shape);
    std::uniform_real_distribution<float> uniform(0.5f, 1.5f);
    for (float& value : tensor.span<float>()) value = uniform(random_);
    return Add(std::move(tensor));
  }
  std::string Float(float value) { return Add(Tensor::From<float>({}, std::span(&value, 1))); }
  std::string Floats(const std::vector<float>& values) {
    return Add(Tensor::From<float>({static_cast<int64_t>(values.size())}, std::span(values)));
  }
  std::string Numbers(const Ints& values) {
    return Add(Tensor::From<int64_t>({static_cast<int64_t>(values.size())}, std::span(values)));
  }
  std::string Number(int64_t value) { return Add(Tensor::From<int64_t>({}, std::span(&value, 1))); }
  std::string Node(const std::string& op, std::vector<std::string> inputs,
                   std::vector<OnnxAttribute> attributes = {}) {
    std::string output = fmt::format("{}{}", op, file.nodes.size());
    file.nodes.push_back({op, "", output, std::move(inputs), {output}, std::move(attributes)});
    return output;
  }
  std::string Transpose(const std::string& x, const Ints& perm) {
    return Node("Transpose", {x}, {{"perm", perm}});
  }
  void Output(const std::string& name) { file.outputs.push_back({name, {}, {}}); }

 private:
  std::string Add(Tensor tensor) {
    const auto owner = std::make_shared<const Tensor>(std::move(tensor));
    file.initializers.push_back({fmt::format("w{}", file.initializers.size()), owner->view()});
    file.owned.push_back(owner);
    return file.initializers.back().name;
  }
  std::mt19937 random_{1};
};

using Rewriting = std::function<Result<int>(Graph&)>;

inline std::map<std::string, int> Operators(const OnnxFile& file) {
  std::map<std::string, int> counts;
  for (const OnnxNode& node : file.nodes) ++counts[node.op];
  return counts;
}

// The outputs, of noise as input: the same for the same inputs. Free sizes are 2, 3, 4 .. by their axis.
inline std::vector<Doubles> OutputsOf(OnnxFile file) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (const OnnxValueInfo& input : file.inputs) {
    Ints dims = *input.dims;
    for (size_t i = 0; i < dims.size(); ++i)
      dims[i] = dims[i] == kFreeDim ? static_cast<int64_t>(i) + 2 : dims[i];
    Doubles values(static_cast<size_t>(Shape(dims).elems()));
    for (double& value : values) value = normal(random);
    const KnownValue constant = FloatConstant(*input.dtype, Shape(dims), values);
    file.initializers.push_back({input.name, constant.view});
    file.owned.push_back(constant.owner);
  }
  file.inputs.clear();
  file.values.clear();
  for (OnnxValueInfo& output : file.outputs) output.dims.reset();
  Graph graph(std::move(file));
  Run(graph);
  std::vector<Doubles> outputs;
  for (const ValueId output : graph.outputs()) {
    const std::optional<KnownValue>& value = graph.value(output).constant;
    outputs.push_back(value ? ReadNumbers<double>(value->view) : Doubles());
  }
  return outputs;
}

inline void ExpectEqual(const OnnxFile& before, const OnnxFile& after) {
  const std::vector<Doubles> wanted = OutputsOf(before), got = OutputsOf(after);
  ASSERT_EQ(wanted.size(), got.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_EQ(wanted[i].size(), got[i].size());
    for (size_t j = 0; j < wanted[i].size(); ++j) {
      EXPECT_NEAR(got[i][j], wanted[i][j], 1e-5 * (1 + std::abs(wanted[i][j])))
          << "output " << i << " at " << j;
    }
  }
}

// That the rewrite fires and leaves these operators, that a second run changes nothing, and that the outputs
// stay.
inline void ExpectRewrite(const TestFile& test, const Rewriting& rewrite,
                          const std::map<std::string, int>& operators) {
  Graph graph(test.file);
  ASSERT_EQ(Infer(graph).message(), "");
  const Result<int> count = rewrite(graph);
  ASSERT_TRUE(count.ok()) << count.status().message();
  EXPECT_GT(*count, 0);
  EXPECT_EQ(graph.Verify().message(), "");
  ASSERT_TRUE(RemoveDead(graph).ok());
  EXPECT_EQ(graph.Verify().message(), "");
  const OnnxFile after = graph.ToFile();
  EXPECT_EQ(Operators(after), operators);
  ExpectEqual(test.file, after);
  ASSERT_EQ(Infer(graph).message(), "");
  const Result<int> again = rewrite(graph);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(*again, 0);
}

inline void ExpectUntouched(const TestFile& test, const Rewriting& rewrite) {
  Graph graph(test.file);
  ASSERT_EQ(Infer(graph).message(), "");
  const Result<int> count = rewrite(graph);
  ASSERT_TRUE(count.ok()) << count.status().message();
  EXPECT_EQ(*count, 0);
  EXPECT_EQ(Operators(graph.ToFile()), Operators(test.file));
}

}  // namespace segforge::simplify::testing
