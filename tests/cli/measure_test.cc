// `segforge bench`, `segforge profile` and `segforge doctor`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>

#include "program.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";

// Every tag is closed in order, and text and attributes have no bare "<" or "&": enough to catch a writer's
// mistakes. Elements that HTML leaves open are passed over.
::testing::AssertionResult IsWellFormed(std::string text) {
  std::vector<std::string> open;
  const std::regex tag(R"(<(/?)([a-z]+[0-9]?)((?: [a-zA-Z0-9-]+="[^"<]*")*)(/?)>)");
  text = std::regex_replace(text, std::regex("<!doctype html>|<meta [^>]*>|<style>[^<]*</style>"), "");
  const std::regex bare("&(?!amp;|lt;|gt;|quot;)");
  if (std::regex_search(text, bare)) return ::testing::AssertionFailure() << "a bare &";
  for (std::sregex_iterator it(text.begin(), text.end(), tag), end; it != end; ++it) {
    const std::string name = (*it)[2];
    if ((*it)[1].length() > 0) {
      if (open.empty() || open.back() != name)
        return ::testing::AssertionFailure() << "</" << name << "> is early";
      open.pop_back();
    } else if ((*it)[4].length() == 0) {
      open.push_back(name);
    }
  }
  if (!open.empty()) return ::testing::AssertionFailure() << "<" << open.back() << "> stays open";
  const std::string rest = std::regex_replace(text, tag, "");
  if (rest.find('<') != std::string::npos)
    return ::testing::AssertionFailure() << rest.substr(rest.find('<'), 80);
  return ::testing::AssertionSuccess();
}

// One line on standard error, exit code 2, and nothing new on the disk.
void ExpectRefusal(const std::vector<std::string>& words, const std::string& what) {
  SCOPED_TRACE(testing::PrintToString(words));
  const Workspace workspace;
  const Outcome run = workspace.Run(words);
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, StartsWith("segforge: "));
  EXPECT_THAT(run.err, HasSubstr(what));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_THAT(workspace.Files(), ElementsAre());
}

const std::vector<std::string> kQuick = {"--warmup", "0", "--runs", "2", "--threads", "1"};

std::vector<std::string> Quick(std::vector<std::string> words) {
  words.insert(words.end(), kQuick.begin(), kQuick.end());
  return words;
}

TEST(Bench, MeasuresEveryCaseOnce) {
  Workspace workspace;
  const Outcome run = workspace.Run(Quick({"bench", kModel, "--sizes", "64x64,96x64", "--batches", "1,2",
                                           "--json", "bench.json", "--plot", "bench.svg"}));
  ASSERT_EQ(run.code, 0) << run.err;
  for (const char* row :
       {"image to labels", "decode", "resize + normalise", "upsample + argmax", "encode", "peak"}) {
    EXPECT_THAT(run.out, HasSubstr(row));
  }
  const Json cases = Json::parse(workspace.Read("bench.json")).at("cases");
  ASSERT_EQ(cases.size(), 4U);
  EXPECT_EQ(cases.at(1).at("height"), 96);
  EXPECT_EQ(cases.at(3).at("batch"), 2);
  for (const Json& one : cases) {
    EXPECT_EQ(one.at("threads"), 1);
    EXPECT_EQ(one.at("precision"), "fp32");
    EXPECT_GT(one.at("peak_bytes"), 1 << 20);
    EXPECT_EQ(one.at("engine").at("times_ms").size(), 2U);
    EXPECT_LE(one.at("engine").at("min_ms"), one.at("engine").at("p99_ms"));
    EXPECT_EQ(one.at("image_to_labels").at("parts").size(), 5U);
  }
  const std::string svg = workspace.Read("bench.svg");
  EXPECT_TRUE(IsWellFormed(svg));
  for (const char* label :
       {"megapixels", "median latency of a batch, ms", "batch 2, 1 thread: fp32 engine", ">0</text>"}) {
    EXPECT_THAT(svg, HasSubstr(label));
  }
}

TEST(Bench, MeasuresEveryPrecision) {
  Workspace workspace;
  const Outcome run = workspace.Run(
      Quick({"bench", kModel, "--sizes", "64x64", "--precisions", "fp32,auto,fp16", "--json", "-"}));
  EXPECT_EQ(run.code, 2);  // of the last case alone
  EXPECT_THAT(run.err, HasSubstr("precision fp16: device cpu computes in fp32"));
  const Json cases = Json::parse(run.out).at("cases");
  ASSERT_EQ(cases.size(), 2U);
  for (const Json& one : cases) EXPECT_EQ(one.at("precision"), "fp32");
}

TEST(Bench, NamesMayHoldAnyCharacter) {
  Workspace workspace;
  std::filesystem::create_symlink(kModel, workspace.path("a<b>&\"c"));
  const Outcome run = workspace.Run(Quick({"bench", "./a<b>&\"c", "--sizes", "64x64", "--plot", "-"}));
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("<svg"));
  EXPECT_THAT(run.out, HasSubstr("./a&lt;b&gt;&amp;&quot;c, batch 1"));
  EXPECT_TRUE(IsWellFormed(run.out));
}

TEST(Bench, OneBadCaseDoesNotStopTheOthers) {
  Workspace workspace;
  const Outcome run = workspace.Run(Quick({"bench", "gone.pth", kModel, "--sizes", "64x64", "--json", "-"}));
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("segforge: gone.pth: "));
  EXPECT_EQ(Json::parse(run.out).at("cases").size(), 1U);
}

TEST(Bench, RefusesBadUsage) {
  ExpectRefusal({"bench", "--sizes", "large"},
                "expected HEIGHTxWIDTH such as 512x1024, each 32 to 65536, got \"large\"");
  ExpectRefusal({"bench", "--sizes", "512x512,16x64"}, "\"16x64\"");
  ExpectRefusal({"bench", "--threads", "0"}, "--threads");
  ExpectRefusal({"bench", "--threads", "1,two"}, "two");
  ExpectRefusal({"bench", "--batches", "-1"}, "--batches");
  ExpectRefusal({"bench", "--runs", "0"}, "--runs");
  ExpectRefusal({"bench", "--seconds", "-1"}, "--seconds");
  ExpectRefusal(Quick({"bench", kModel, "--sizes", "64x64", "--precisions", "fp16"}),
                "precision fp16: device cpu computes in fp32");
  ExpectRefusal(Quick({"bench", "--json", std::string(kModel) + "/model.safetensors/bench.json"}),
                "got a file");
  ExpectRefusal(Quick({"bench", "no-such-model", "--sizes", "64x64"}), "no-such-model");
  ExpectRefusal(Quick({"bench", kModel, "--sizes", "64x64", "--image", "gone.jpg"}), "gone.jpg");
}

// Events of one thread nest, to the last digit: Perfetto drops those that overlap otherwise.
void ExpectNested(const Json& events) {
  std::vector<int64_t> open_ends;
  int64_t last_start = 0;
  for (const Json& event : events) {
    if (event.at("ph") != "X") continue;
    const int64_t start = event.at("ts");
    const int64_t end = start + event.at("dur").get<int64_t>();
    EXPECT_GE(start, last_start) << event;
    while (!open_ends.empty() && open_ends.back() <= start) open_ends.pop_back();
    if (!open_ends.empty()) {
      EXPECT_LE(end, open_ends.back()) << event;
    }
    open_ends.push_back(end);
    last_start = start;
  }
}

// As the Trace Event Format has it: complete events, and metadata that names their process and thread.
void ExpectTraceEvents(const Json& trace) {
  EXPECT_EQ(trace.at("displayTimeUnit"), "ms");
  std::vector<std::string> named;
  for (const Json& event : trace.at("traceEvents")) {
    EXPECT_TRUE(event.at("name").is_string()) << event;
    EXPECT_EQ(event.at("pid"), 1);
    EXPECT_EQ(event.at("tid"), 1);
    if (event.at("ph") == "M") {
      named.push_back(event.at("name"));
      EXPECT_TRUE(event.at("args").at("name").is_string()) << event;
      continue;
    }
    EXPECT_EQ(event.at("ph"), "X");
    EXPECT_TRUE(event.at("cat").is_string()) << event;
    for (const char* time : {"ts", "dur"}) {
      EXPECT_TRUE(event.at(time).is_number_integer()) << event;
      EXPECT_GE(event.at(time), 0) << event;
    }
  }
  EXPECT_THAT(named, ElementsAre("process_name", "thread_name"));
  ExpectNested(trace.at("traceEvents"));
}

TEST(Profile, WritesEveryReport) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const Outcome run =
      workspace.Run({"profile", kModel, "a.png", "--size", "64x96", "--threads", "1", "--runs", "2",
                     "--no-ceilings", "--json", "--trace", "t.json", "--html", "p.html", "--csv", "p.csv"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json json = Json::parse(run.out);
  const size_t layers = json.at("layers").size();
  ASSERT_GT(layers, 20U);
  double by_kind = 0;
  double by_layer = 0;
  for (const Json& kind : json.at("kinds")) by_kind += kind.at("ms").get<double>();
  for (const Json& layer : json.at("layers")) by_layer += layer.at("ms").get<double>();
  EXPECT_NEAR(by_kind, by_layer, 1e-9);

  const Json trace = Json::parse(workspace.Read("t.json"));
  ExpectTraceEvents(trace);
  size_t leaves = 0;
  for (const Json& event : trace.at("traceEvents")) {
    if (event.value("cat", "") != "layer") continue;
    EXPECT_EQ(event.at("args").at("layer"), json.at("layers").at(leaves++).at("name"));
  }
  EXPECT_EQ(leaves, layers);

  const std::string csv = workspace.Read("p.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), static_cast<std::ptrdiff_t>(layers + 1));
  const std::string html = workspace.Read("p.html");
  EXPECT_TRUE(IsWellFormed(html));
  for (const char* outside : {"http:", "https:", "<script", "<link", "url(", "src="}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  }
  for (size_t i = 0; i < layers; ++i)
    EXPECT_THAT(html, HasSubstr("<tr id=\"layer" + std::to_string(i) + "\">"));
}

TEST(Profile, PrintsTheSlowestAndTheTotal) {
  const Outcome run = Workspace().Run({"profile", kModel, "--size", "64x64", "--threads", "1", "--runs", "1",
                                       "--no-ceilings", "--slowest", "3"});
  ASSERT_EQ(run.code, 0) << run.err;
  for (const char* word : {"operator", "MixFfn", "total", "100.0 %", "slowest layers", "whole run: median"}) {
    EXPECT_THAT(run.out, HasSubstr(word));
  }
  const size_t table = run.out.find("slowest layers");
  EXPECT_EQ(std::count(run.out.begin() + static_cast<std::ptrdiff_t>(table), run.out.end(), '\n'), 6);
}

TEST(Profile, RefusesBadUsage) {
  ExpectRefusal({"profile", "--size", "native"}, "HEIGHTxWIDTH");
  ExpectRefusal({"profile", "--threads", "0"}, "--threads");
  ExpectRefusal({"profile", "--runs", "0"}, "--runs");
  ExpectRefusal({"profile", "no-such-model"}, "no-such-model");
  ExpectRefusal({"profile", kModel, "gone.png"}, "gone.png");
  ExpectRefusal({"profile", kModel, "--json", "--trace", "-"}, "standard output");
  ExpectRefusal({"profile", kModel, "--html", std::string(kModel) + "/model.safetensors/p.html"},
                "got a file");
}

TEST(Doctor, MeasuresOnceAndKeepsIt) {
  Workspace workspace;
  setenv("XDG_CACHE_HOME", workspace.path("").c_str(), 1);
  const auto doctor = [&] {
    const Outcome run = workspace.Run({"doctor", "--threads", "1", "--json"});
    EXPECT_EQ(run.code, 0) << run.err;
    return Json::parse(run.out);
  };
  const Json first = doctor();
  EXPECT_THAT(workspace.Files(), ElementsAre("segforge/ceilings.json"));
  ASSERT_EQ(first.at("ceilings").size(), 1U);
  EXPECT_GT(first.at("ceilings").at(0).at("fma_gflops"), 0);
  EXPECT_GT(first.at("ceilings").at(0).at("copy_gbs"), 0);
  EXPECT_FALSE(first.at("libraries").empty());
  EXPECT_EQ(first.at("cuda_devices").empty(), first.at("no_cuda").is_string());
  EXPECT_EQ(doctor().at("ceilings"), first.at("ceilings"));  // to the last digit: from the file
  workspace.Write("segforge/ceilings.json", "{\"broken");
  EXPECT_GT(doctor().at("ceilings").at(0).at("fma_gflops"), 0);
  EXPECT_TRUE(Json::accept(workspace.Read("segforge/ceilings.json")));
  unsetenv("XDG_CACHE_HOME");
}

TEST(Doctor, RefusesBadUsage) {
  ExpectRefusal({"doctor", "--threads", "0"}, "--threads");
  ExpectRefusal({"doctor", "--threads", "1025"}, "--threads");
}

}  // namespace
}  // namespace segforge
