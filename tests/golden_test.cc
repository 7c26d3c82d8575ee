// SegFormer as a whole against outputs of the published model in float64.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/allocation_count.h"
#include "tests/network.h"

namespace segforge {
namespace {

constexpr int64_t kRefMaxPixels = 1 << 16;  // the reference backend takes minutes for more

// actual [1, h, w, C], expected [C, h, w].
void ExpectClose(const Tensor& actual, const Tensor& expected, Precision precision) {
  const Shape& shape = expected.shape();
  ASSERT_EQ(actual.shape(), (Shape{1, shape[1], shape[2], shape[0]}));
  EXPECT_LE(LogitError(actual, expected), LogitTolerance(precision));
}

struct Case {
  BackendCase backend;
  bool passes = true;
  int threads = 1;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const BackendCase& backend : AllBackends()) {
    cases.push_back({backend, true, 2});
    // Without passes more is rounded, to 16 bits further than the tolerance.
    if (StorageOf(backend.precision) == DType::kF32) cases.push_back({backend, false, 1});
  }
  return cases;
}

std::string NameOfCase(const testing::TestParamInfo<Case>& info) {
  return info.param.backend.name + (info.param.passes ? "_passes" : "_no_passes");
}

class GoldenTest : public testing::TestWithParam<Case> {
 protected:
  Network Load(const std::filesystem::path& path, Network::Options options = {}) {
    options.passes = GetParam().passes;
    options.threads = GetParam().threads;
    auto network = Network::Load(path, GetParam().backend, options);
    EXPECT_TRUE(network.ok()) << network.status().message();
    return std::move(network).value();
  }
  Precision precision() const { return GetParam().backend.precision; }
  bool TooLarge(const Reference& reference) {
    return GetParam().backend.name == "ref" && reference.labels.shape().elems() > kRefMaxPixels;
  }
  void CheckReference(Network& network, const Reference& reference) {
    SCOPED_TRACE(reference.name);
    const auto prediction = network.Run(reference.image);
    ASSERT_TRUE(prediction.ok()) << prediction.status().message();
    ExpectClose(prediction->outputs[0], reference.logits, precision());
    EXPECT_LE(Disagreement(prediction->labels, reference.labels), LabelTolerance(precision()));
    for (size_t stage = 0; stage < reference.hidden.size(); ++stage) {
      SCOPED_TRACE(fmt::format("stage {}", stage + 1));
      ExpectClose(prediction->outputs[stage + 1], reference.hidden[stage], precision());
    }
  }
  void CheckSharedReferences(const std::string& model) {
    const auto references = SharedReferences(model);
    if (!references.ok()) GTEST_SKIP() << "no shared references: " << references.status().message();
    Network::Options options;
    options.stage_outputs = true;
    Network network = Load(InShared("models/" + model + "-hf"), options);
    int checked = 0;
    for (const Reference& reference : *references) {
      if (TooLarge(reference)) continue;
      CheckReference(network, reference);
      ++checked;
    }
    EXPECT_GE(checked, 2);
  }
};

TEST_P(GoldenTest, StreetB0MatchesItsStoredReference) {
  const auto reference = StoredReference();
  ASSERT_TRUE(reference.ok()) << reference.status().message();
  Network network = Load(InSource("models/street-b0"));
  CheckReference(network, *reference);
}

TEST_P(GoldenTest, B0MatchesTheSharedReferences) { CheckSharedReferences("b0"); }
TEST_P(GoldenTest, B1MatchesTheSharedReferences) { CheckSharedReferences("b1"); }

TEST_P(GoldenTest, ABatchGivesWhatItsImagesGive) {
  const auto reference = StoredReference();
  ASSERT_TRUE(reference.ok());
  Tensor flipped(DType::kU8, reference->image.shape());
  std::ranges::reverse_copy(reference->image.span<uint8_t>(), flipped.span<uint8_t>().begin());
  Network network = Load(InSource("models/street-b0"));
  const auto one = network.Run(reference->image);
  const auto other = network.Run(flipped);
  const Tensor* const images[] = {&flipped, &reference->image};
  const auto both = network.Run(images);
  ASSERT_TRUE(one.ok() && other.ok() && both.ok());
  const auto logits = both->outputs[0].span<float>();
  const size_t half = logits.size() / 2;
  const float scale = precision() == Precision::kFp32 ? 1 : *std::ranges::max_element(logits);
  const double tolerance = LogitTolerance(precision()) * static_cast<double>(scale);
  for (size_t i = 0; i < half; ++i) {
    ASSERT_NEAR(logits[i], other->outputs[0].span<float>()[i], tolerance);
    ASSERT_NEAR(logits[half + i], one->outputs[0].span<float>()[i], tolerance);
  }
}

TEST_P(GoldenTest, TheSameImageGivesTheSameBits) {
  const auto reference = StoredReference();
  ASSERT_TRUE(reference.ok());
  Network network = Load(InSource("models/street-b0"));
  const auto first = network.Run(reference->image);
  const auto second = network.Run(reference->image);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(std::ranges::equal(first->outputs[0].span<float>(), second->outputs[0].span<float>()));
}

// The families differ in the eps of their LayerNorms alone.
TEST_P(GoldenTest, TheFamiliesAgree) {
  const auto references = SharedReferences("b0");
  if (!references.ok()) GTEST_SKIP() << "no shared references: " << references.status().message();
  Network hugging_face = Load(InShared("models/b0-hf"));
  for (const char* file : {"models/b0.nvlabs.pth", "models/b0.nvlabs.legacy.pth"}) {
    SCOPED_TRACE(file);
    Network::Options options;
    Network published = Load(InShared(file), options);
    options.load.layer_norm_eps = 1e-5f;
    Network equal_eps = Load(InShared(file), options);
    for (const Reference& reference : *references) {
      if (TooLarge(reference)) continue;
      SCOPED_TRACE(reference.name);
      const auto expected = hugging_face.Run(reference.image);
      const auto close = published.Run(reference.image);
      const auto equal = equal_eps.Run(reference.image);
      ASSERT_TRUE(expected.ok() && close.ok() && equal.ok());
      EXPECT_LE(Disagreement(close->labels, expected->labels), std::max(1e-4, LabelTolerance(precision())));
      EXPECT_EQ(Disagreement(equal->labels, expected->labels), 0);
    }
  }
}

TEST_P(GoldenTest, ExecuteAllocatesNothing) {
  if (!CountsAllocations()) GTEST_SKIP() << "a sanitizer has its own malloc";
  if (GetParam().backend.on_cuda()) GTEST_SKIP() << "what the driver allocates is its own affair";
  const int64_t before_all = Allocations();
  Network network = Load(InSource("models/street-b0"));
  EXPECT_GT(Allocations(), before_all);
  const int threads = GetParam().threads;
  const auto large = network.engine().PlanFor({1, 64, 96}, threads).value();
  const auto small = network.engine().PlanFor({1, 64, 32}, threads).value();
  const std::unique_ptr<Session> session = network.engine().NewSession(threads).value();
  ASSERT_TRUE(session->Prepare(large).ok());
  std::ranges::fill(session->input().span<float>(), 0.5f);
  const int64_t before = Allocations();
  ASSERT_TRUE(session->Execute().ok());
  EXPECT_EQ(Allocations(), before);
  ASSERT_TRUE(session->Prepare(small).ok());
  EXPECT_EQ(Allocations(), before);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, testing::ValuesIn(Cases()), NameOfCase);

}  // namespace
}  // namespace segforge
