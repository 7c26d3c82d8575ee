#include "bench_case.h"

#include <fcntl.h>
#include <unistd.h>

#include "in_child.h"

namespace segforge::cli {
namespace {

using ParsedJson = nlohmann::json;

ParsedJson ToJson(const TimedRuns& runs) {
  return {{"warmup_runs", runs.warmup_runs}, {"steady", runs.steady}, {"ms", runs.ms}};
}

TimedRuns RunsFrom(const ParsedJson& json) {
  return {json.at("warmup_runs"), json.at("steady"), json.at("ms").get<std::vector<double>>()};
}

ParsedJson ToJson(const std::vector<EngineTimes>& engines) {
  ParsedJson json = ParsedJson::array();
  for (const EngineTimes& one : engines) {
    json.push_back({{"engine", one.engine},
                    {"load_ms", one.load_ms},
                    {"runs", ToJson(one.runs)},
                    {"relative_error", one.relative_error}});
  }
  return json;
}

std::vector<EngineTimes> EnginesFrom(const ParsedJson& json) {
  std::vector<EngineTimes> engines;
  for (const ParsedJson& one : json) {
    engines.push_back(
        {one.at("engine"), one.at("load_ms"), RunsFrom(one.at("runs")), one.at("relative_error")});
  }
  return engines;
}

ParsedJson ToJson(const BenchResult& result) {
  ParsedJson parts = ParsedJson::array();
  for (const BenchPart& part : result.parts) parts.push_back({{"name", part.name}, {"ms", part.ms}});
  return {{"model", result.model},
          {"device", result.device},
          {"precision", result.precision},
          {"load_ms", result.load_ms},
          {"gflop", result.gflop},
          {"parts", parts},
          {"engine", ToJson(result.engine)},
          {"labels", ToJson(result.labels)},
          {"pixels", ToJson(result.pixels)},
          {"locked_pixels", ToJson(result.locked_pixels)},
          {"peak_bytes", result.peak_bytes},
          {"gpu_bytes", result.gpu_bytes},
          {"gpu_driver_bytes", result.gpu_driver_bytes}};
}

BenchResult ResultFrom(const ParsedJson& json) {
  BenchResult result;
  result.model = json.at("model");
  result.device = json.at("device");
  result.precision = json.at("precision");
  result.load_ms = json.at("load_ms");
  result.gflop = json.at("gflop");
  result.engine = RunsFrom(json.at("engine"));
  result.labels = RunsFrom(json.at("labels"));
  for (const ParsedJson& part : json.at("parts")) result.parts.push_back({part.at("name"), part.at("ms")});
  result.pixels = RunsFrom(json.at("pixels"));
  result.locked_pixels = RunsFrom(json.at("locked_pixels"));
  result.peak_bytes = json.at("peak_bytes");
  result.gpu_bytes = json.at("gpu_bytes");
  result.gpu_driver_bytes = json.at("gpu_driver_bytes");
  return result;
}

// Other engines write to standard error what they report as errors too, and more.
void MuteErrors() {
  const int nowhere = open("/dev/null", O_WRONLY);
  if (nowhere < 0) return;
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

}  // namespace

BenchResult RunBenchInChild(const BenchCase& bench) {
  return ResultFrom(RunInChild([&] { return ToJson(RunBench(bench)); }));
}

std::vector<EngineTimes> RunBenchInTurnsInChild(const BenchCase& bench, const std::vector<std::string>& peers,
                                                const std::string& onnx) {
  return EnginesFrom(RunInChild([&] {
    MuteErrors();
    return ToJson(RunBenchInTurns(bench, peers, onnx));
  }));
}

}  // namespace segforge::cli
