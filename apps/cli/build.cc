#include "build.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "device_options.h"
#include "exit_code.h"
#include "inputs.h"
#include "interrupt.h"
#include "measure_options.h"
#include "outputs.h"
#include "segment_options.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kBuildFooter = R"(Examples:
  segforge build street-b0 -o street.segforge
  segforge build segformer.b1.pth -o b1.segforge --device cuda --size 512x1024 --size 1024x2048
  segforge build segformer.b5.pth -o b5.segforge --device cuda --headroom photos/

On a GPU the ways of running each kernel are timed at every --size, and the fastest are kept; other sizes run too,
by guess. What was timed is remembered in $XDG_CACHE_HOME/segforge/timings.json (~/.cache without the variable).

Exit codes: 0 done; 2 bad input or usage; 1 a bug of segforge.)";

void AddSizeOptions(CLI::App& command, BuildVerbOptions& options) {
  command
      .add_option_function<std::vector<std::string>>(
          "--size,--sizes",
          [&options](const std::vector<std::string>& texts) {
            options.build.sizes.clear();
            for (const std::string& text : texts) {
              const Size size = ParseNetworkSize("--size", text);
              options.build.sizes.push_back({1, size.height, size.width});
            }
          },
          "Of the network's input, HEIGHTxWIDTH, for which kernels are timed. Default: 512x512")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("SIZE,...");
  AddCounts(command, "--batch,--batches", options.batches, "Images in one pass, at each size. Default: 1");
}

void AddTimingOptions(CLI::App& command, BuildVerbOptions& options) {
  BuildOptions& build = options.build;
  CLI::Option* deterministic = command.add_flag("--deterministic", build.deterministic,
                                                "Time nothing, so that every build runs the same kernels");
  CLI::Option* cache =
      command.add_option("--timing-cache", build.timing_cache, "Remember what was timed in this file")
          ->type_name("FILE");
  CLI::Option* none =
      command.add_flag("!--no-timing-cache", build.use_timing_cache, "Time everything, and remember nothing");
  deterministic->excludes(cache)->excludes(none);
  cache->excludes(none);
}

std::string RatioText(double headroom) {
  if (headroom >= 1000) return fmt::format("{:.0f}", headroom);
  return fmt::format("{:.3g}", headroom);
}

void PrintRanges(const BuildReport& report) {
  if (report.ranges.empty()) return;
  fmt::print("\n{:>10} {:>9}  {:<5} {}\n", "greatest", "headroom", "", "layer");
  for (const LayerRange& range : report.ranges) {
    fmt::print("{:>10.4g} {:>9}  {:<5} {} ({})\n", range.greatest, RatioText(range.headroom),
               range.kept_in_fp32 ? "fp32" : "", range.name, range.operation);
  }
}

void PrintReport(const BuildVerbOptions& options, const BuildReport& report) {
  fmt::print("{} · {}\n", report.model, report.device);
  if (!report.fp32_layers.empty()) fmt::print("{} layers in fp32\n", report.fp32_layers.size());
  if (report.tunable_steps > 0) {
    fmt::print("{} steps tuned: {} kinds timed, {} known\n", report.tunable_steps, report.timed_kinds,
               report.known_kinds);
  }
  fmt::print("{} · {:.1f} MB · {}\n", OneLine(options.out), static_cast<double>(report.file_bytes) / 1e6,
             Duration(report.seconds * 1e3));
  PrintRanges(report);
}

Json RangesJson(const BuildReport& report) {
  Json ranges = Json::array();
  for (const LayerRange& range : report.ranges) {
    const bool finite = std::isfinite(range.greatest);
    ranges.push_back({{"layer", range.name},
                      {"operation", range.operation},
                      {"greatest", finite ? Json(range.greatest) : Json()},
                      {"headroom", std::isfinite(range.headroom) ? Json(range.headroom) : Json()},
                      {"kept_in_fp32", range.kept_in_fp32}});
  }
  return ranges;
}

std::string ReportJson(const BuildVerbOptions& options, const BuildReport& report) {
  const Json json = {{"file", options.out},
                     {"model", report.model},
                     {"device", report.device},
                     {"precision", report.precision},
                     {"fp32_layers", report.fp32_layers},
                     {"bytes", report.file_bytes},
                     {"tuned_steps", report.tunable_steps},
                     {"timed_kinds", report.timed_kinds},
                     {"known_kinds", report.known_kinds},
                     {"seconds", report.seconds},
                     {"headroom", RangesJson(report)},
                     {"warnings", report.warnings}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

BuildOptions Wanted(const BuildVerbOptions& options) {
  BuildOptions build = options.build;
  if (build.sizes.empty()) build.sizes = {EngineSize()};
  std::vector<EngineSize> sizes;
  for (const int batch : options.batches) {
    for (const EngineSize& size : build.sizes) sizes.push_back({batch, size.height, size.width});
  }
  build.sizes = std::move(sizes);
  if (options.headroom.empty()) return build;
  const InputList images = ListInputs(options.headroom, false, "");
  for (size_t i = 0; i < images.size(); ++i) build.headroom_images.push_back(images[i].path);
  return build;
}

}  // namespace

CLI::App* AddBuildCommand(CLI::App& program, BuildVerbOptions& options) {
  CLI::App* command =
      program.add_subcommand("build", "Make a checkpoint ready for one device: an engine file");
  command
      ->add_option("MODEL", options.build.model,
                   "street-b0 (built in), a Hugging Face folder, a .safetensors or a .pth file")
      ->capture_default_str();
  command->add_option("-o,--out", options.out, "The engine file to write")
      ->required()
      ->type_name("FILE.segforge");
  AddSizeOptions(*command, options);
  AddDeviceOptions(*command, options.build.segmenter);
  AddGraphOptions(*command, options.build.segmenter);
  AddTimingOptions(*command, options);
  command
      ->add_option(
          "--headroom", options.headroom,
          "Run these images, or folders of them, in FP32, and print how far each layer's values stay "
          "below the greatest of FP16; a build in FP16 keeps layers in FP32 that have less than 8 times "
          "the room")
      ->type_name("IMAGE|FOLDER");
  command->add_option("-t,--threads", options.build.segmenter.threads, "Default: as many as there are")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--json", options.json, "Report as one JSON document");
  command->footer(kBuildFooter);
  return command;
}

int Build(const BuildVerbOptions& options) {
  if (options.out == "-") {
    throw Error(ErrorCode::kInvalidInput,
                "-o -: expected a file, because an engine file is mapped when it is used");
  }
  CheckWritable(options.out);
  BuildOptions wanted = Wanted(options);
  wanted.around_write = WriteUninterrupted;
  const BuildReport report = BuildEngineFile(wanted, options.out);
  for (const std::string& warning : report.warnings) PrintError("warning: " + warning);
  if (options.json) {
    fmt::print("{}\n", ReportJson(options, report));
  } else {
    PrintReport(options, report);
  }
  return kSuccess;
}

}  // namespace segforge::cli
