// Tuning, and engine files, on a GPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "api/model_engine.h"
#include "api/tune.h"
#include "backend/cuda/cuda.h"
#include "engine/fill_with_noise.h"
#include "segforge/build.h"
#include "tests/network.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

constexpr InputSize kSize = {1, 192, 160};

SegmenterOptions OnGpu(const std::string& precision) {
  SegmenterOptions options;
  options.device = "cuda";
  options.precision = precision;
  return options;
}

Tensor LogitsOf(const ModelEngine& model) {
  const auto session = model.engines.front()->NewSession(1).value();
  EXPECT_TRUE(session->Prepare(model.engines.front()->PlanFor(kSize, 1).value()).ok());
  FillWithNoise(session->input());
  EXPECT_TRUE(session->Execute().ok());
  EXPECT_TRUE(session->Execute().ok());
  const ConstTensorView logits = session->output(0).value();
  return Tensor::From(logits.shape, logits.span<float>());
}

// The greatest difference over the greatest value.
double Difference(const Tensor& a, const Tensor& b) {
  double error = 0, greatest = 0;
  for (size_t i = 0; i < b.span<float>().size(); ++i) {
    error = std::max(error, std::abs(double{a.span<float>()[i]} - b.span<float>()[i]));
    greatest = std::max(greatest, std::abs(double{b.span<float>()[i]}));
  }
  return error / greatest;
}

class TacticsOnGpu : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!CudaDevices().ok()) GTEST_SKIP() << "there is no GPU";
    if (!MakeCudaBackend(0)->Runs(ParsedPrecision())) GTEST_SKIP() << "not of this GPU";
  }
  Precision ParsedPrecision() const {
    for (const Precision one : {Precision::kFp32, Precision::kTf32, Precision::kFp16, Precision::kBf16}) {
      if (NameOf(one) == GetParam()) return one;
    }
    return Precision::kFp32;
  }
  fs::path File(const std::string& name) const {
    return fs::path(testing::TempDir()) / (GetParam() + "." + name);
  }
};

TEST_P(TacticsOnGpu, cuda_TunedPlansSayTheSame) {
  ModelEngine model = LoadModelEngine(InSource("models/street-b0").string(), OnGpu(GetParam()));
  model.threads = 1;
  const Tensor before = LogitsOf(model);
  const TimingCacheChoice cache = {true, File("timings.json").string()};
  fs::remove(cache.file);
  const auto tuned = TuneEngines(model, std::span(&kSize, 1), cache);
  ASSERT_TRUE(tuned.ok()) << tuned.status().message();
  EXPECT_GT(tuned->report.steps, 20);
  EXPECT_GT(tuned->report.timed, 5);
  EXPECT_TRUE(tuned->warnings.empty());
  EXPECT_LE(Difference(LogitsOf(model), before), 2 * LogitTolerance(ParsedPrecision()));

  const auto again = TuneEngines(model, std::span(&kSize, 1), cache);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->report.timed, 0);
  EXPECT_EQ(again->report.known, tuned->report.timed);
  EXPECT_EQ(again->sizes[0].tactics, tuned->sizes[0].tactics);
}

// Every tactic in the middle of a network, whether it is the fastest or not: as a graph, and one after
// another.
TEST_P(TacticsOnGpu, cuda_AnyTacticRunsInAPlan) {
  ModelEngine model = LoadModelEngine(InSource("models/street-b0").string(), OnGpu(GetParam()));
  model.threads = 1;
  const Tensor before = LogitsOf(model);
  const auto plan = model.engines.front()->PlanFor(kSize, 1).value();
  std::vector<std::vector<std::string>> names;
  size_t most = 0;
  for (const Step& step : plan->steps) {
    std::vector<Shape> shapes;
    for (const BufferPlace& input : step.inputs) shapes.push_back(input.shape);
    names.push_back(step.run->Tactics(shapes));
    most = std::max(most, names.back().size());
  }
  ASSERT_GT(most, 3U);
  for (size_t turn = 0; turn < most; ++turn) {
    std::vector<std::string> tactics;
    for (const auto& of_step : names)
      tactics.push_back(of_step.empty() ? "" : of_step[turn % of_step.size()]);
    ASSERT_TRUE(model.engines.front()->UseTactics(kSize, tactics).ok());
    const auto tuned = model.engines.front()->PlanFor(kSize, 1).value();
    for (size_t i = 0; i < tactics.size(); ++i) EXPECT_EQ(tuned->steps[i].tactic, tactics[i]);
    EXPECT_LE(Difference(LogitsOf(model), before), 2 * LogitTolerance(ParsedPrecision())) << "turn " << turn;
  }
}

TEST_P(TacticsOnGpu, cuda_EngineFilesRunAsTheyWereBuilt) {
  BuildOptions options;
  options.model = InSource("models/street-b0").string();
  options.segmenter = OnGpu(GetParam());
  options.sizes = {{kSize.n, kSize.h, kSize.w}};
  options.use_timing_cache = false;
  const std::string file = File("segforge").string();
  const BuildReport report = BuildEngineFile(options, file);
  EXPECT_GT(report.timed_kinds, 5);

  const ModelEngine loaded = LoadModelEngine(file, {});
  EXPECT_EQ(loaded.device.kind, DeviceId::Kind::kCuda);
  EXPECT_EQ(NameOf(loaded.precision), GetParam());
  const auto plan = loaded.engines.front()->PlanFor(kSize, 1).value();
  const std::vector<std::string> found = ReadEngineFile(file).value().build.sizes.at(0).tactics;
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(plan->steps[i].tactic, found[i]);
  const Tensor expected = LogitsOf(LoadModelEngine(options.model, options.segmenter));
  EXPECT_LE(Difference(LogitsOf(loaded), expected), 2 * LogitTolerance(ParsedPrecision()));
  EXPECT_THROW(LoadModelEngine(file,
                               [] {
                                 SegmenterOptions on_cpu;
                                 on_cpu.device = "cpu";
                                 return on_cpu;
                               }()),
               Error);
  fs::remove(file);
}

INSTANTIATE_TEST_SUITE_P(All, TacticsOnGpu, testing::Values("fp32", "tf32", "fp16", "bf16"),
                         [](const auto& precision) { return precision.param; });

}  // namespace
}  // namespace segforge
