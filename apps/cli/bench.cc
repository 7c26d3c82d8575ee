#include "bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "bench_case.h"
#include "bench_report.h"
#include "device_options.h"
#include "exit_code.h"
#include "outputs.h"
#include "progress.h"
#include "segment_options.h"
#include "text.h"
#include "write_file.h"

namespace segforge::cli {
namespace {

constexpr const char* kBenchFooter = R"(Examples:
  segforge bench street-b0 --sizes 512x512,1024x1024 --threads 1,2
  segforge bench segformer.b1.pth street-b0 --batches 1,4 --json bench.json --plot bench.svg
  segforge bench --image photo.jpg --sizes 768x1024 --seconds 20
  segforge bench my-b0/ --against ort,openvino,torch --against-model my-b0.onnx

Each case runs in a process of its own. It warms up until the medians of two successive windows of three runs
differ by less than 5 %, or --warmup seconds are over. Noise is the interquartile range over the median.

Exit codes: 0 done; 2 bad input or usage, or any case failed; 1 a bug of segforge.)";

void AddCaseOptions(CLI::App& command, BenchOptions& options) {
  command
      .add_option("MODEL", options.models,
                  "street-b0 (built in), Hugging Face folders, .safetensors, .pth or .segforge files. "
                  "Default: street-b0")
      ->type_name("");
  command
      .add_option_function<std::vector<std::string>>(
          "--sizes",
          [&options](const std::vector<std::string>& texts) {
            options.sizes.clear();
            for (const std::string& text : texts) options.sizes.push_back(ParseNetworkSize("--sizes", text));
          },
          "Of the network's input, HEIGHTxWIDTH. Default: 512x512,1024x1024")
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the models that follow
      ->type_name("SIZE,...");
  AddCounts(command, "--batches", options.batches, "Images in one pass through the network. Default: 1");
  AddCounts(command, "-t,--threads", options.threads, "Default: as many as there are");
  command
      .add_option("--precisions,--precision", options.precisions,
                  "fp32; on a GPU also tf32, fp16, bf16. Default: fp16 on a GPU, else fp32")
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the models that follow
      ->type_name("NAME,...");
  command
      .add_option("--image", options.image,
                  "Run on this file, decoded as it is. Default: a photograph scaled to each size, as PNG")
      ->type_name("FILE");
}

void AddRuleOptions(CLI::App& command, BenchOptions& options) {
  command.add_option("--runs", options.rule.runs, "Timed runs at most")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->capture_default_str();
  command
      .add_option("--seconds", options.rule.seconds,
                  "Stop the timed runs after that long, but not before three")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command.add_option("--warmup", options.rule.warmup_seconds, "Seconds of warm-up at most")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
}

void AddPeerOptions(CLI::App& command, BenchOptions& options) {
  command
      .add_option("--against", options.peers,
                  "Other engines to run in turns with ours, where they are installed: ort (ONNX Runtime, "
                  "$SEGFORGE_ONNXRUNTIME names its library), openvino ($SEGFORGE_OPENVINO), torch "
                  "($SEGFORGE_PYTHON with transformers; runs MODEL, a Hugging Face folder)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"ort", "openvino", "torch"}))
      ->type_name("ENGINE,...");
  command.add_option("--against-model", options.onnx, "What ort and openvino run: MODEL as an .onnx file")
      ->type_name("FILE.onnx");
}

// What other engines need is told before anything runs.
void CheckPeers(const BenchOptions& options) {
  const auto of_onnx = [](const std::string& engine) { return engine != "torch"; };
  const auto runs_onnx = std::find_if(options.peers.begin(), options.peers.end(), of_onnx);
  if (runs_onnx != options.peers.end() && options.onnx.empty()) {
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("--against {}: expected --against-model FILE.onnx, the model for it to run", *runs_onnx));
  }
  if (runs_onnx == options.peers.end() && !options.onnx.empty())
    throw Error(ErrorCode::kInvalidInput, "--against-model: expected --against ort or openvino to run it");
}

void AddCasesOf(const std::string& model, SegmenterOptions segmenter, const BenchOptions& options,
                std::vector<BenchCase>& cases) {
  for (const int batch : options.batches) {
    segmenter.tuned_batch = options.tune ? batch : 0;
    for (const Size& size : options.sizes) {
      cases.push_back({model, segmenter, size.height, size.width, batch, options.image, options.rule});
    }
  }
}

std::vector<BenchCase> CasesOf(const BenchOptions& options) {
  std::vector<BenchCase> cases;
  for (const std::string& model : options.models) {
    for (const std::string& precision : options.precisions) {
      for (const int threads : options.threads) {
        SegmenterOptions segmenter = options.segmenter;
        segmenter.precision = precision;
        segmenter.threads = threads;
        AddCasesOf(model, segmenter, options, cases);
      }
    }
  }
  return cases;
}

void WriteOutputs(const BenchOptions& options, const std::vector<MeasuredCase>& cases) {
  if (!options.json.empty()) WriteFile(options.json, BenchJson(cases));
  if (!options.plot.empty()) WriteFile(options.plot, BenchPlot(cases));
}

// Other engines first: that one is missing is told before ours is measured for nothing.
MeasuredCase Measure(const BenchCase& bench, const BenchOptions& options) {
  MeasuredCase measured = {bench, {}, {}};
  if (!options.peers.empty()) measured.turns = RunBenchInTurnsInChild(bench, options.peers, options.onnx);
  measured.result = RunBenchInChild(bench);
  return measured;
}

}  // namespace

CLI::App* AddBenchCommand(CLI::App& program, BenchOptions& options) {
  CLI::App* command = program.add_subcommand("bench", "Measure latency, throughput and memory");
  AddCaseOptions(*command, options);
  AddRuleOptions(*command, options);
  AddDevice(*command, options.segmenter);
  AddGpuWait(*command, options.segmenter);
  AddFp32Layers(*command, options.segmenter);
  command->add_flag(
      "--tune", options.tune,
      "On a GPU: time the ways of running each kernel first, as `segforge build` does, and run the "
      "fastest");
  AddPeerOptions(*command, options);
  AddEngineOptions(*command, options.segmenter);
  command
      ->add_option("--json", options.json,
                   "Also write every time as JSON; - for standard output, instead of the table")
      ->type_name("FILE");
  command->add_option("--plot", options.plot, "Also draw latency against size")->type_name("FILE.svg");
  command->footer(kBenchFooter);
  return command;
}

int Bench(const BenchOptions& options) {
  for (const std::string& path : {options.json, options.plot}) {
    if (!path.empty()) CheckWritable(path);
  }
  CheckPeers(options);
  const std::vector<BenchCase> cases = CasesOf(options);
  std::FILE* text = options.json == "-" || options.plot == "-" ? nullptr : stdout;
  std::vector<MeasuredCase> measured;
  size_t failed = 0;
  std::set<std::string> said;  // what stops every case is told once
  Progress progress(cases.size(), true);
  for (size_t i = 0; i < cases.size(); ++i) {
    progress.Draw(i, failed);
    try {
      MeasuredCase one = Measure(cases[i], options);
      progress.Clear();
      if (text != nullptr && measured.empty()) PrintBenchHeader(text);
      if (text != nullptr) PrintCase(text, one);
      measured.push_back(std::move(one));
    } catch (const Error& error) {
      progress.Clear();
      ++failed;
      if (said.insert(error.what()).second) PrintError(error.what());
    }
    std::fflush(stdout);
  }
  if (!measured.empty()) WriteOutputs(options, measured);
  return failed == 0 ? kSuccess : kFailure;
}

}  // namespace segforge::cli
