// The arithmetic of measuring, with times that are made up.
#include "segforge/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "api/ceilings_cache.h"
#include "api/timed_runs.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(Statistics, PercentilesInterpolateBetweenRanks) {
  std::vector<double> times(101);
  std::iota(times.rbegin(), times.rend(), 100.0);  // 200 .. 100: order must not matter
  const Statistics result = Summarize(times);
  EXPECT_EQ(result.runs, 101);
  EXPECT_DOUBLE_EQ(result.min, 100);
  EXPECT_DOUBLE_EQ(result.mean, 150);
  EXPECT_DOUBLE_EQ(result.median, 150);
  EXPECT_DOUBLE_EQ(result.p90, 190);
  EXPECT_DOUBLE_EQ(result.p99, 199);
  EXPECT_DOUBLE_EQ(result.noise, 50.0 / 150);
  EXPECT_DOUBLE_EQ(Summarize({1, 2}).median, 1.5);
  EXPECT_DOUBLE_EQ(Summarize({1, 2, 3, 4}).p90, 3.7);
}

TEST(Statistics, OfOneTimeAndOfNone) {
  EXPECT_DOUBLE_EQ(Summarize({7}).p99, 7);
  EXPECT_DOUBLE_EQ(Summarize({7}).noise, 0);
  EXPECT_EQ(Summarize({}).runs, 0);
  EXPECT_DOUBLE_EQ(Summarize({0, 0}).noise, 0);
}

// A clock by hand: each run takes the next of the given seconds, the last of them for ever.
struct HandClock {
  std::vector<double> seconds;
  double now = 0;
  size_t runs = 0;

  TimedRuns Run(const RunRule& rule) {
    return RunTimed(
        rule, [this] { now += seconds[std::min(runs++, seconds.size() - 1)]; }, [] {},
        [this] { return now; });
  }
};

TEST(TimedRuns, WarmUpEndsWhenTwoWindowsAgree) {
  // Medians of the windows: 9, 2, 1, 1.
  HandClock clock = {{9, 9, 9, 3, 2, 2, 1, 1, 1}, 0, 0};
  const TimedRuns runs = clock.Run({1000, 5, 1000});
  EXPECT_EQ(runs.warmup_runs, 12);
  EXPECT_TRUE(runs.steady);
  EXPECT_EQ(runs.ms, std::vector<double>(5, 1000));
}

TEST(TimedRuns, WarmUpEndsWithItsTime) {
  HandClock clock = {{1, 2, 4, 8, 16, 32, 64}, 0, 0};
  const TimedRuns runs = clock.Run({10, 1, 1000});
  EXPECT_FALSE(runs.steady);
  EXPECT_EQ(runs.warmup_runs, 4);  // 1 + 2 + 4 < 10 <= 15
  EXPECT_EQ(HandClock({{1}, 0, 0}).Run({0, 1, 1}).warmup_runs, 1);
}

TEST(TimedRuns, StopAtTheirNumberOrTimeButNotBeforeThree) {
  const auto count = [](int64_t runs, double seconds) {
    HandClock clock = {{1}, 0, 0};
    return clock.Run({0, runs, seconds}).ms.size();
  };
  EXPECT_EQ(count(20, 1000), 20U);
  EXPECT_EQ(count(20, 7.5), 8U);
  EXPECT_EQ(count(20, 0), 3U);
  EXPECT_EQ(count(2, 0), 2U);
}

TEST(TimedRuns, EnginesTakeTurns) {
  double now = 0;
  std::string order;
  const auto engine = [&](char name, double ms) -> TimedRun {
    return [&now, &order, name, ms] {
      now += ms / 1e3;
      order += name;
      return ms;
    };
  };
  const std::vector<TimedRun> engines = {engine('a', 1000), engine('b', 2000)};
  const auto pause = [&order] { order += ' '; };
  const auto clock = [&now] { return now; };
  const std::vector<TimedRuns> runs = RunInTurns({0, 4, 1000}, engines, pause, clock);
  EXPECT_EQ(order, " a b aaaa bbbb aa bb");
  EXPECT_EQ(runs.at(0).ms, std::vector<double>(4, 1000));
  EXPECT_EQ(runs.at(1).ms, std::vector<double>(4, 2000));
  EXPECT_EQ(runs.at(1).warmup_runs, 1);
  order.clear();
  EXPECT_EQ(RunInTurns({0, 100, 7}, engines, pause, clock).at(0).ms.size(),
            6U);  // 12 s a round, 14 s for both
}

TEST(TimedRuns, RulesThatCannotBe) {
  EXPECT_TRUE(CheckRule({}).ok());
  for (const RunRule rule :
       {RunRule{1, 0, 1}, RunRule{-1, 1, 1}, RunRule{1, 1, std::nan("")}, RunRule{1, 1, 1e9}}) {
    EXPECT_FALSE(CheckRule(rule).ok());
  }
}

// A folder that is removed with what it holds.
class CeilingsCache : public ::testing::Test {
 protected:
  CeilingsCache() { EXPECT_NE(mkdtemp(folder_.data()), nullptr); }
  ~CeilingsCache() override { fs::remove_all(folder_); }
  fs::path file() const { return fs::path(folder_) / "deep" / "ceilings.json"; }
  void Write(const std::string& text) const {
    fs::create_directories(file().parent_path());
    std::ofstream(file()) << text;
  }

  std::string folder_ = (fs::temp_directory_path() / "segforge-cache.XXXXXX").string();
  CeilingsKey key_ = {"Some CPU", "avx2", "1.2.3", 2};
};

TEST_F(CeilingsCache, KeepsEachMachineByItself) {
  EXPECT_FALSE(ReadCeilings(file(), key_));
  ASSERT_TRUE(WriteCeilings(file(), key_, {2, 100, 10}).ok());
  CeilingsKey other = key_;
  other.threads = 4;
  EXPECT_FALSE(ReadCeilings(file(), other));
  ASSERT_TRUE(WriteCeilings(file(), other, {4, 200, 20}).ok());
  const auto first = ReadCeilings(file(), key_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->threads, 2);
  EXPECT_DOUBLE_EQ(first->gflops, 100);
  EXPECT_DOUBLE_EQ(ReadCeilings(file(), other)->copy_gbs, 20);
  for (auto change : {&CeilingsKey::processor, &CeilingsKey::target, &CeilingsKey::version}) {
    CeilingsKey changed = key_;
    changed.*change += "!";
    EXPECT_FALSE(ReadCeilings(file(), changed));
  }
}

TEST_F(CeilingsCache, ABrokenFileIsIgnoredAndReplaced) {
  ASSERT_TRUE(WriteCeilings(file(), key_, {2, 100, 10}).ok());
  std::stringstream whole;
  whole << std::ifstream(file()).rdbuf();
  const std::string text = whole.str();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  for (const std::string& broken :
       {std::string(), text.substr(0, text.size() / 2), std::string("[1]"), std::string("\xff\xfe"),
        with("100.0", "-1"), with("100.0", "\"fast\""), with("100.0", "1e999"), with("copy_gbs", "copy"),
        std::string(2 << 20, ' ')}) {
    Write(broken);
    EXPECT_FALSE(ReadCeilings(file(), key_)) << broken.substr(0, 200);
    ASSERT_TRUE(WriteCeilings(file(), key_, {2, 300, 30}).ok());
    EXPECT_DOUBLE_EQ(ReadCeilings(file(), key_).value().gflops, 300);
  }
}

TEST_F(CeilingsCache, APlaceThatCannotBeWrittenIsAnError) {
  EXPECT_FALSE(WriteCeilings("/proc/none/ceilings.json", key_, {2, 1, 1}).ok());
}

ProfileOptions SmallProfile() {
  ProfileOptions options;
  options.model = SEGFORGE_SOURCE_DIR "/models/street-b0";
  options.segmenter.threads = 1;
  options.height = 64;
  options.width = 96;
  options.runs = 3;
  options.ceilings = false;
  return options;
}

TEST(ProfileModel, CoversEveryLayerOnceAndInOrder) {
  const ModelProfile profile = ProfileModel(SmallProfile());
  ASSERT_GT(profile.layers.size(), 20U);
  EXPECT_EQ(profile.run.runs, 3);
  EXPECT_EQ(profile.layers.back().output, (std::vector<int64_t>{1, 16, 24, 11}));
  double traced = 0;
  for (size_t i = 0; i < profile.layers.size(); ++i) {
    const LayerProfile& layer = profile.layers[i];
    EXPECT_FALSE(layer.kind.empty());
    EXPECT_GT(layer.bytes, 0);
    EXPECT_NEAR(layer.start_ms, traced, 1e-6) << layer.name;
    traced += layer.duration_ms;
    for (const size_t input : layer.inputs) EXPECT_LT(input, i);
    EXPECT_EQ(layer.inputs.empty(), i == 0) << layer.name;  // the first alone reads the image
  }
  EXPECT_NEAR(traced, profile.traced_ms, 1e-6);
}

TEST(ProfileModel, CountsTheWorkThatTheModelReports) {
  const ProfileOptions options = SmallProfile();
  double gflop = 0;
  for (const LayerProfile& layer : ProfileModel(options).layers) gflop += layer.gflop;
  int64_t macs = 0;
  for (const PartCost& part : InspectModel(options.model, options.height, options.width).parts) {
    macs += part.folded_macs;
  }
  EXPECT_NEAR(gflop, 2e-9 * static_cast<double>(macs), 1e-9);
}

TEST(ProfileModel, CountsWeightsInputsAndOutputOnce) {
  const ModelProfile profile = ProfileModel(SmallProfile());
  const LayerProfile& conv = profile.layers.front();
  ASSERT_EQ(conv.kind, "Conv2d");
  EXPECT_DOUBLE_EQ(conv.bytes, 4.0 * (64 * 96 * 3 + 32 * 7 * 7 * 3 + 32 + 16 * 24 * 32));
  EXPECT_NEAR(conv.gflop, 2e-9 * 16 * 24 * 32 * 7 * 7 * 3, 1e-12);
}

TEST(RunBench, MeasuresEveryPartOfEveryRun) {
  BenchCase bench;
  bench.model = SEGFORGE_SOURCE_DIR "/models/street-b0";
  bench.segmenter.threads = 1;
  bench.height = 64;
  bench.width = 96;
  bench.batch = 2;
  bench.rule = {0, 4, 60};
  const BenchResult result = RunBench(bench);
  EXPECT_EQ(result.engine.ms.size(), 4U);
  ASSERT_EQ(result.labels.ms.size(), 4U);
  ASSERT_EQ(result.parts.size(), 5U);
  for (size_t run = 0; run < 4; ++run) {
    double sum = 0;
    for (const BenchPart& part : result.parts) {
      ASSERT_EQ(part.ms.size(), 4U) << part.name;
      EXPECT_GT(part.ms[run], 0) << part.name;
      sum += part.ms[run];
    }
    EXPECT_LE(sum, result.labels.ms[run]);
  }
  EXPECT_GT(result.peak_bytes, 10 << 20);
  bench.batch = 1;
  bench.rule.runs = 1;
  EXPECT_NEAR(result.gflop, 2 * RunBench(bench).gflop, 1e-9);
}

TEST(RunBench, RefusesWhatCannotBeMeasured) {
  const auto message = [](const BenchCase& bench) -> std::string {
    try {
      RunBench(bench);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  BenchCase bench;
  bench.model = "no-such-model";
  EXPECT_THAT(message(bench), HasSubstr("no-such-model"));
  bench.model = SEGFORGE_SOURCE_DIR "/models/street-b0";
  bench.height = 16;
  EXPECT_THAT(message(bench), HasSubstr("at least 32x32"));
  bench.height = 64;
  bench.batch = 0;
  EXPECT_THAT(message(bench), HasSubstr("batch"));
  bench.batch = 1;
  bench.segmenter.threads = -1;
  EXPECT_THAT(message(bench), HasSubstr("threads"));
  bench.segmenter.threads = 1;
  bench.image = "gone.png";
  EXPECT_THAT(message(bench), HasSubstr("gone.png"));
  bench.image.clear();
  bench.rule.runs = 0;
  EXPECT_THAT(message(bench), HasSubstr("runs"));
}

}  // namespace
}  // namespace segforge
