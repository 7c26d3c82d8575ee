#include "onnx/simplify/simplify.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

namespace fs = std::filesystem;

fs::path Models() {
  const char* set = std::getenv("SEGFORGE_SHARED");
  return fs::path(set != nullptr ? set : SEGFORGE_SOURCE_DIR "/../shared") / "models";
}

int Count(const std::map<std::string, int>& operators) {
  int count = 0;
  for (const auto& [name, number] : operators) count += number;
  return count;
}

TEST(Simplify, DoesAllOfItToAFixedPoint) {
  TestFile t(11);
  const std::string x = t.Free("x", {"n", "", "h", "w"}, {kFreeDim, 3, kFreeDim, kFreeDim});
  std::string y = t.Node("Conv", {t.Node("Identity", {x}), t.Weight({4, 3, 1, 1})});
  y = t.Node("BatchNormalization", {y, t.Weight({4}), t.Weight({4}), t.Weight({4}), t.Weight({4})});
  const std::string batch =
      t.Node("Unsqueeze", {t.Node("Gather", {t.Node("Shape", {y}), t.Number(0)})}, {{"axes", Ints{0}}});
  y = t.Node("Reshape",
             {y, t.Node("Concat", {batch, t.Numbers({4}), t.Numbers({-1})}, {{"axis", int64_t{0}}})});
  y = t.Transpose(t.Node("Relu", {t.Transpose(y, {0, 2, 1})}), {0, 2, 1});
  t.Output(y);
  Report report;
  const Result<OnnxFile> after = Simplify(t.file, {}, report);
  ASSERT_TRUE(after.ok()) << after.status().message();
  EXPECT_EQ(Operators(*after), (std::map<std::string, int>{{"Conv", 1}, {"Reshape", 1}, {"Relu", 1}}));
  EXPECT_EQ(after->inputs[0].dim_names, (std::vector<std::string>{"n", "", "h", "w"}));
  EXPECT_GE(after->ir_version, 4);
  ExpectEqual(t.file, *after);
  Report second;
  const Result<OnnxFile> again = Simplify(*after, {}, second);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(second.before, second.after);
}

TEST(Simplify, FixesFreeSizes) {
  TestFile t;
  const std::string x = t.Free("x", {"n", "h"}, {kFreeDim, kFreeDim});
  t.Output(t.Node("Add", {x, t.Node("Cast", {t.Node("Shape", {x})}, {{"to", int64_t{1}}})}));
  Report report;
  const Result<OnnxFile> fixed = Simplify(t.file, {.input_dims = {{"x", {5, 2}}}}, report);
  ASSERT_TRUE(fixed.ok()) << fixed.status().message();
  EXPECT_EQ(Operators(*fixed), (std::map<std::string, int>{{"Add", 1}}));
  EXPECT_EQ(fixed->inputs[0].dims, (Ints{5, 2}));
  EXPECT_EQ(fixed->outputs[0].dims, (Ints{5, 2}));
  EXPECT_EQ(Simplify(t.file, {.input_dims = {{"y", {5}}}}, report).status().message(),
            "no input is named \"y\"; there is x");
  EXPECT_EQ(Simplify(t.file, {.input_dims = {{"x", {5}}}}, report).status().message(),
            "input \"x\": it is [n, h], got [5]");
}

TEST(Simplify, PassesOnWhatItDoesNotKnow) {
  TestFile t(9);
  t.file.other_opsets.emplace_back("com.example", 3);
  const std::string captured = t.Node("Identity", {t.Input("x", {2})});
  t.file.nodes.push_back({"Own", "com.example", "own", {"x"}, {"own"}, {{"alpha", 0.5f}}});
  t.Output(t.Node("If", {"own"}, {{"then_branch", OnnxOpaque{"bytes", {captured}}}}));
  Report report;
  const Result<OnnxFile> after = Simplify(t.file, {}, report);
  ASSERT_TRUE(after.ok()) << after.status().message();
  EXPECT_EQ(Operators(*after), Operators(t.file));  // the Identity stays, whose value is known by its name
  EXPECT_EQ(after->other_opsets, t.file.other_opsets);
  EXPECT_EQ(after->nodes.back().Find<OnnxOpaque>("then_branch")->bytes, "bytes");
  t.file.opset = 6;
  EXPECT_EQ(Simplify(t.file, {}, report).status().message(), "opset 6: expected 7 to 24");
}

TEST(Simplify, FindsEveryLayerNormAndGeluOfRealExports) {
  if (!fs::exists(Models())) GTEST_SKIP() << "no shared folder";
  const std::tuple<const char*, int> files[] = {
      {"b0.hf.op12.onnx", 729}, {"b0.hf.op18.onnx", 399}, {"b0.mmseg.op11.1024.onnx", 644}};
  for (const auto& [name, nodes] : files) {
    Report plain;
    Result<OnnxFile> file = OpenOnnx(Models() / name);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Simplify(*file, {}, plain).ok());
    EXPECT_LE(Count(plain.after), nodes) << name;
    Report fused;
    const Choice all = {.kind = Choice::Kind::kAll};
    const Result<OnnxFile> after = Simplify(*file, {.opset = 20, .layer_norm = all, .gelu = all}, fused);
    ASSERT_TRUE(after.ok()) << after.status().message();
    EXPECT_EQ(fused.after["LayerNormalization"], 30) << name;
    EXPECT_EQ(fused.after["Gelu"], 8) << name;
    EXPECT_EQ(fused.after["ReduceMean"], 0) << name;
  }
}

}  // namespace
}  // namespace segforge::simplify
