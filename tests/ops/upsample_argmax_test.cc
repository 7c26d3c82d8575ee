#include "tests/ops/op_test.h"

namespace segforge {
namespace {

class UpsampleArgmaxTest : public OpTest {
 protected:
  // Labels must be those of a float64 upsampling, but where two classes are as good as equal.
  void Check(int64_t height, int64_t width, int64_t classes, int64_t to_height, int64_t to_width) {
    SCOPED_TRACE(fmt::format("{}x{}x{} to {}x{}", height, width, classes, to_height, to_width));
    const Tensor logits = RandomTensor({height, width, classes}, 1, 4);
    Tensor labels(classes > 256 ? DType::kU16 : DType::kU8, {to_height, to_width});
    Tensor confidence(DType::kF32, {to_height, to_width});
    ThreadPool pool(threads());
    backend().upsample_argmax(logits.view(), {labels.view(), confidence.view()}, pool);

    const auto exact =
        plain::Resize(plain::From<double>(logits), {1, height, width, classes}, to_height, to_width);
    const auto probabilities = plain::Softmax(exact, plain::Size(classes));
    for (size_t i = 0; i < plain::Size(to_height * to_width); ++i) {
      const size_t label = classes > 256 ? labels.span<uint16_t>()[i] : labels.span<uint8_t>()[i];
      const auto first = exact.begin() + static_cast<std::ptrdiff_t>(i * plain::Size(classes));
      ASSERT_LT(label, plain::Size(classes));
      EXPECT_NEAR(first[static_cast<std::ptrdiff_t>(label)],
                  *std::max_element(first, first + static_cast<std::ptrdiff_t>(classes)), 1e-5);
      EXPECT_NEAR(static_cast<double>(confidence.span<float>()[i]),
                  probabilities[i * plain::Size(classes) + label], 1e-5);
    }
  }
};

TEST_P(UpsampleArgmaxTest, MatchesFloat64) {
  for (const int64_t classes : {1, 2, 7, 8, 9, 11, 19, 150}) {
    Check(1, 1, classes, 1, 1);
    Check(1, 1, classes, 5, 7);
    Check(5, 7, classes, 20, 28);
    Check(5, 7, classes, 17, 33);
    Check(9, 8, classes, 4, 3);
  }
}

TEST_P(UpsampleArgmaxTest, TakesMoreClassesThanAByteHolds) { Check(4, 5, 300, 13, 18); }

TEST_P(UpsampleArgmaxTest, TheLowestClassWinsATie) {
  const Tensor logits = RandomTensor({2, 2, 5}, 1, 0, 3);
  Tensor labels(DType::kU8, {8, 8});
  ThreadPool pool(threads());
  backend().upsample_argmax(logits.view(), {labels.view(), {}}, pool);
  for (const uint8_t label : labels.span<uint8_t>()) EXPECT_EQ(label, 0);
}

TEST_P(UpsampleArgmaxTest, WritesOnlyWhatIsWanted) {
  const Tensor logits = RandomTensor({3, 3, 4}, 1);
  Tensor confidence(DType::kF32, {6, 5});
  Tensor both_labels(DType::kU8, {6, 5});
  Tensor both_confidence(DType::kF32, {6, 5});
  ThreadPool pool(threads());
  backend().upsample_argmax(logits.view(), {{}, confidence.view()}, pool);
  backend().upsample_argmax(logits.view(), {both_labels.view(), both_confidence.view()}, pool);
  EXPECT_TRUE(std::ranges::equal(confidence.span<float>(), both_confidence.span<float>()));
}

INSTANTIATE_TEST_SUITE_P(All, UpsampleArgmaxTest, testing::ValuesIn(OpCases({}, true)), NameOfOpTest);

}  // namespace
}  // namespace segforge
