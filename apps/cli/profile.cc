#include "profile.h"

#include <fmt/format.h>

#include "device_options.h"
#include "exit_code.h"
#include "measure_options.h"
#include "outputs.h"
#include "profile_report.h"
#include "segment_options.h"
#include "write_file.h"

namespace segforge::cli {
namespace {

constexpr const char* kProfileFooter = R"(Examples:
  segforge profile
  segforge profile segformer.b1.pth street.jpg --size 1024x1024 --threads 1
  segforge profile --html profile.html --trace profile.json --csv profile.csv

The trace opens in https://ui.perfetto.dev and in chrome://tracing. Times are medians over the runs, each layer by
itself; the trace is the one run of median length.

Exit codes: 0 done; 2 bad input or usage; 1 a bug of segforge.)";

void AddRunOptions(CLI::App& command, ProfileVerbOptions& options) {
  ProfileOptions& profile = options.profile;
  command
      .add_option("MODEL", profile.model,
                  "street-b0 (built in), a Hugging Face folder, a .safetensors, .pth or .segforge file")
      ->capture_default_str();
  command.add_option("INPUT", profile.image,
                     "An image to run on, resized to the input's size. Default: noise");
  AddNetworkSize(command, profile.height, profile.width);
  command.add_option("-t,--threads", profile.segmenter.threads, "Default: as many as there are")
      ->check(CLI::Range(1, 1024));
  command.add_option("--runs", profile.runs, "Runs that are timed")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
}

void AddReportOptions(CLI::App& command, ProfileVerbOptions& options) {
  command.add_option("--slowest", options.slowest, "Layers in the second table")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command.add_flag("--no-ceilings", options.no_ceilings,
                   "Leave out the shares, and the measuring that they may need");
  command.add_option("--trace", options.trace, "Also write a trace that Perfetto opens")
      ->type_name("FILE.json");
  command.add_option("--html", options.html, "Also write a report for the browser, in one file")
      ->type_name("FILE.html");
  command.add_option("--csv", options.csv, "Also write every layer as a row")->type_name("FILE.csv");
  command.add_flag("--json", options.json, "Print one JSON document instead of the tables");
}

}  // namespace

CLI::App* AddProfileCommand(CLI::App& program, ProfileVerbOptions& options) {
  CLI::App* command = program.add_subcommand("profile", "Show where a model's time goes, layer by layer");
  AddRunOptions(*command, options);
  AddDeviceOptions(*command, options.profile.segmenter);
  AddEngineOptions(*command, options.profile.segmenter);
  AddReportOptions(*command, options);
  command->footer(kProfileFooter);
  return command;
}

int Profile(const ProfileVerbOptions& options) {
  bool to_standard_output = false;
  for (const std::string& path : {options.trace, options.html, options.csv}) {
    if (path == "-" && (to_standard_output || options.json)) {
      throw Error(ErrorCode::kInvalidInput,
                  "standard output: two results cannot both go there; give one a file");
    }
    to_standard_output = to_standard_output || path == "-";
    if (!path.empty()) CheckWritable(path);
  }
  ProfileOptions wanted = options.profile;
  wanted.ceilings = !options.no_ceilings;
  const ModelProfile profile = ProfileModel(wanted);
  if (options.json) {
    fmt::print("{}\n", ProfileJson(profile));
  } else if (!to_standard_output) {
    PrintProfile(profile, static_cast<size_t>(options.slowest));
  }
  if (!options.trace.empty()) WriteFile(options.trace, ProfileTrace(profile));
  if (!options.html.empty()) WriteFile(options.html, ProfileHtml(profile));
  if (!options.csv.empty()) WriteFile(options.csv, ProfileCsv(profile));
  return kSuccess;
}

}  // namespace segforge::cli
