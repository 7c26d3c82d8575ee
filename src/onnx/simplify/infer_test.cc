#include "onnx/simplify/infer.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

// The sizes of the last node's first output, or the error.
std::string SizesOf(const TestFile& t) {
  Graph graph(t.file);
  const Status status = Infer(graph);
  if (!status.ok()) return status.message();
  const Type& type = graph.value(graph.node(static_cast<NodeId>(graph.node_count()) - 1).outputs[0]).type;
  return type.dims ? ToString(*type.dims) : "?";
}

std::string SizesOf(const std::function<void(TestFile& t, const std::string& x)>& add, int64_t opset = 18) {
  TestFile t(opset);
  add(t, t.Free("x", {"n", "", "h", ""}, {kFreeDim, 6, kFreeDim, 8}));
  return SizesOf(t);
}

TEST(Infer, KeepsNamesOfFreeSizes) {
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) { t.Transpose(x, {0, 2, 1, 3}); }), "[n, h, 6, 8]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("Reshape", {x, t.Numbers({0, 3, 2, -1, 8})});
            }),
            "[n, 3, 2, h, 8]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("Conv", {x, t.Weight({5, 6, 3, 3})}, {{"pads", Ints{1, 0, 1, 0}}});
            }),
            "[n, 5, h, 6]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("MatMul", {x, t.Weight({8, 2})});
            }),
            "[n, 6, h, 2]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("ReduceMean", {x, t.Numbers({1, -1})}, {{"keepdims", int64_t{0}}});
            }),
            "[n, h]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("Slice", {x, t.Numbers({1, 0}), t.Numbers({4, INT64_MAX}), t.Numbers({1, 2})});
            }),
            "[n, 3, h, 8]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("Concat", {x, x}, {{"axis", int64_t{1}}});
            }),
            "[n, 12, h, 8]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("Add", {x, t.Weight({1, 8})});
            }),
            "[n, 6, h, 8]");
  EXPECT_EQ(SizesOf([](TestFile& t, const auto& x) {
              t.Node("Expand", {x, t.Node("Shape", {x})});
            }),
            "[n, 6, h, 8]");
}

TEST(Infer, WindowsAsOnnxHasThem) {
  const auto pooled = [](Ints attributes, int64_t size) {
    TestFile t;
    t.Node("MaxPool", {t.Input("x", {1, 1, size, size})},
           {{"kernel_shape", Ints{attributes[0], attributes[0]}},
            {"strides", Ints{attributes[1], attributes[1]}},
            {"pads", Ints{attributes[2], attributes[2], attributes[2], attributes[2]}},
            {"ceil_mode", attributes[3]}});
    return SizesOf(t);
  };
  EXPECT_EQ(pooled({3, 2, 1, 0}, 8), "[1, 1, 4, 4]");
  EXPECT_EQ(pooled({3, 2, 0, 1}, 8), "[1, 1, 4, 4]");
  EXPECT_EQ(pooled({2, 2, 0, 0}, 7), "[1, 1, 3, 3]");
  EXPECT_EQ(pooled({2, 2, 0, 1}, 7), "[1, 1, 4, 4]");
  EXPECT_THAT(pooled({9, 1, 0, 0}, 8), HasSubstr("a window of 9 in a size of 8"));
}

TEST(Infer, NamesTheNodeWhoseSizesCannotBe) {
  const std::string lie = SizesOf([](TestFile& t, const auto& x) { t.Node("Add", {x, t.Weight({7})}); });
  EXPECT_EQ(lie, "node \"Add0\" (Add): [n, 6, h, 8] and [7] do not pair up");
  EXPECT_THAT(SizesOf([](TestFile& t, const auto& x) {
                t.Node("MatMul", {x, t.Weight({7, 2})});
              }),
              HasSubstr("a product of"));
  EXPECT_THAT(SizesOf([](TestFile& t, const auto& x) {
                t.Transpose(x, {0, 1, 1, 2});
              }),
              HasSubstr("axes in an order"));
  EXPECT_THAT(SizesOf([](TestFile& t, const auto& x) {
                t.Transpose(x, {0, 99, 1, 2});
              }),
              HasSubstr("axes in an order"));
  EXPECT_THAT(SizesOf([](TestFile& t, const auto&) {
                t.Node("Reshape", {t.Weight({6}), t.Numbers({4, -1})});
              }),
              HasSubstr("shape [4, -1] for [6]"));
  EXPECT_THAT(SizesOf([](TestFile& t, const auto& x) {
                t.Node("Concat", {x, x}, {{"axis", int64_t{4}}});
              }),
              HasSubstr("axis 4 of 4 axes"));
  EXPECT_THAT(SizesOf([](TestFile& t, const auto& x) {
                t.Node("Conv", {x, t.Weight({4, 5, 3, 3})});
              }),
              HasSubstr("weights"));
}

TEST(Infer, RefusesAFileThatLiesAboutItsSizes) {
  TestFile t;
  const std::string y = t.Node("Relu", {t.Input("x", {1, 4})});
  t.file.values.push_back({y, DType::kF32, Ints{1, 3}});
  EXPECT_EQ(SizesOf(t), "node \"Relu0\" (Relu): \"Relu0\": the file says f32 [1, 3], but it is f32 [1, 4]");
  t.file.values[0].dims = Ints{kFreeDim, 4};
  EXPECT_EQ(SizesOf(t), "[1, 4]");
  t.file.values[0].dtype = DType::kI64;
  EXPECT_THAT(SizesOf(t), HasSubstr("the file says i64"));
}

TEST(Infer, TakesTheFilesWordForWhatItDoesNotKnow) {
  TestFile t;
  const std::string y = t.Node("NoSuchOperator", {t.Input("x", {1, 4})});
  t.file.values.push_back({y, DType::kF32, Ints{kFreeDim, 3}, {"x", ""}});
  t.Node("Relu", {y});
  EXPECT_EQ(SizesOf(t), "[?, 3]");
}

}  // namespace
}  // namespace segforge::simplify
