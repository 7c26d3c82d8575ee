#include <gmock/gmock.h>

#include "onnx/known_value.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

Result<std::vector<double>> Folded(const OnnxNode& node, const std::vector<KnownValue>& inputs) {
  std::vector<const KnownValue*> pointers;
  for (const KnownValue& input : inputs) pointers.push_back(&input);
  SEGFORGE_ASSIGN_OR_RETURN(const std::optional<KnownValue> value, Fold(node, pointers));
  if (!value) return Unsupported("not folded");
  return SmallValues(*value);
}

KnownValue Scalar(int64_t value) { return KnownValue::Of(Tensor::From<int64_t>({}, std::span(&value, 1))); }
KnownValue List(const Ints& values) { return KnownValue::Of(values); }
OnnxNode Node(const std::string& op) { return {op, "", "", {}, {"y"}, {}}; }

TEST(Fold, TakesShapesApartAndPutsThemTogether) {
  const KnownValue shape = List({2, 32, 48, 64});
  EXPECT_THAT(Folded(Node("Gather"), {shape, Scalar(-1)}).value(), ElementsAre(64));
  EXPECT_THAT(Folded(Node("Slice"), {shape, List({1}), List({INT64_MAX})}).value(), ElementsAre(32, 48, 64));
  EXPECT_THAT(Folded(Node("Slice"), {shape, List({-1}), List({INT64_MIN}), List({0}), List({-2})}).value(),
              ElementsAre(64, 32));
  EXPECT_THAT(Folded(Node("Concat"), {List({1, 2}), List({3})}).value(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Folded(Node("Unsqueeze"), {Scalar(7)}).value(), ElementsAre(7));
}

TEST(Fold, ComputesAsWholeNumbersDo) {
  EXPECT_THAT(Folded(Node("Div"), {List({7, -7}), Scalar(2)}).value(), ElementsAre(3, -3));
  EXPECT_THAT(Folded(Node("Mul"), {Scalar(3), List({4, 5})}).value(), ElementsAre(12, 15));
  EXPECT_THAT(Folded(Node("Div"), {Scalar(1), Scalar(0)}).value(), ElementsAre(0));
}

TEST(Fold, RefusesWhatIsTooLongOrOutOfRange) {
  EXPECT_THAT(Folded(Node("ConstantOfShape"), {List({1'000'000'000})}).status().message(),
              HasSubstr("1000000000 elements in shape arithmetic; at most 4096"));
  EXPECT_THAT(Folded(Node("Gather"), {List({1, 2}), Scalar(2)}).status().message(),
              HasSubstr("index 2 of 2"));
  EXPECT_FALSE(Folded(Node("Add"), {List({1, 2}), List({1, 2, 3})}).ok());
  EXPECT_FALSE(Folded(Node("Gather"), {List({1, 2})}).ok());
  EXPECT_THAT(Folded(Node("Softmax"), {List({1})}).status().message(), HasSubstr("not folded"));
}

}  // namespace
}  // namespace segforge
