#include "compare_options.h"

#include <array>
#include <filesystem>
#include <string_view>

#include "device_options.h"
#include "segment_options.h"

namespace segforge::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCompareOptionsFooter = R"(Examples:
  segforge compare street-b0 --against my-b0.pth street1.jpg street2.jpg
  segforge compare street-b0 --against street-b0 --reference-device ref --size 128x128 street.jpg
  segforge compare street-b0 --against stored/ photos/ --heatmap differences
  segforge compare my-b0.pth --against street-b0 --layers --size 64x64 street.jpg

Stored results are numpy arrays named after the image: for street.jpg street.labels.npy (integers
[height, width]) or street.logits.npy (floats [classes, h, w]), or both; else street.npy, which is one of
them by its number of axes. Where only logits are stored, labels are their upsampled argmax.

Exit codes: 0 every image is Good; 1 one is Bad, or a layer jumps; 2 bad input or usage.)";

void AddSideOptions(CLI::App& command, const std::string& prefix, const std::string& side,
                    SegmenterOptions& options) {
  AddDeviceOptions(command, options, prefix, "Of the " + side + ": ");
  AddFuse(command, options, prefix, "Of the " + side + ": ");
  command
      .add_option("--" + prefix + "disable-pass", options.disabled_passes,
                  "Of the " + side + ": switch off a graph rewrite by name, or all of them")
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the inputs that follow
      ->type_name("PASS");
}

void AddLimits(CLI::App& command, CompareOptions& options) {
  command.add_option("--max-a0", options.max_a0, "Good up to this share of pixels whose label differs")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--max-r0", options.max_r0, "Good up to this median relative difference of logits")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

bool EndsAs(const std::string& name, std::string_view end) {
  return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

bool IsModelName(const std::string& name) {
  std::error_code missing;
  if (fs::is_directory(name, missing)) return IsModelFolder(name);
  for (const std::string_view end : {".safetensors", ".pth", ".pt", ".bin", ".json", ".segforge", ".onnx"}) {
    if (EndsAs(name, end)) return true;
  }
  return !fs::exists(name, missing) && fs::path(name).extension().empty() && name != "-";
}

}  // namespace

bool IsModelFolder(const std::string& path) {
  std::error_code missing;
  return fs::exists(fs::path(path) / "config.json", missing);
}

CompareNames SplitNames(const CompareOptions& options) {
  CompareNames names = {options.model, options.names};
  if (names.candidate.empty() && !names.inputs.empty() && IsModelName(names.inputs.front())) {
    names.candidate = names.inputs.front();
    names.inputs.erase(names.inputs.begin());
  }
  if (names.candidate.empty()) names.candidate = "street-b0";
  if (names.inputs.empty()) {
    throw Error(ErrorCode::kInvalidInput, "INPUT: expected images or folders of them, got none");
  }
  return names;
}

SegmenterOptions OptionsOfReference(const CompareOptions& options) {
  SegmenterOptions result = options.candidate_options;
  result.device = options.reference_options.device;
  result.precision = options.reference_options.precision;
  result.fp32_layers = options.reference_options.fp32_layers;
  result.disabled_passes = options.reference_options.disabled_passes;
  result.fuse = options.reference_options.fuse;
  return result;
}

CLI::App* AddCompareCommand(CLI::App& program, CompareOptions& options) {
  CLI::App* command =
      program.add_subcommand("compare", "Compare a model's results with another's, or with stored ones");
  command
      ->add_option("CANDIDATE_AND_INPUTS", options.names,
                   "The model to judge (street-b0 when left out), then JPEG, PNG or WebP files, or folders "
                   "of them (NAME.label.png beside an image NAME is left out)")
      ->required();
  command
      ->add_option(
          "--against", options.reference,
          "The reference: a model, a folder of stored .npy results, or an .onnx file, which an installed "
          "ONNX Runtime runs ($SEGFORGE_ONNXRUNTIME names its library)")
      ->required()
      ->type_name("MODEL|FOLDER");
  command->add_option("-m,--model", options.model, "The candidate; all other names are then inputs");
  command->add_flag("-r,--recursive", options.recursive, "Look into the sub-folders of input folders");
  command
      ->add_option_function<std::string>(
          "--size", [&options](const std::string& text) { ParseSize(text, options.candidate_options); },
          "Of the network's input, of both: native, from-config or HEIGHTxWIDTH. Default: native")
      ->type_name("SIZE");
  command->add_option("-t,--threads", options.candidate_options.threads, "Of both; 0: as many as there are")
      ->capture_default_str();
  AddSideOptions(*command, "", "candidate", options.candidate_options);
  AddSideOptions(*command, "reference-", "reference", options.reference_options);
  command->add_flag(
      "--allow-rebuild", options.candidate_options.allow_rebuild,
      "Run engine files on another device than they were built for, without what was timed there");
  AddLimits(*command, options);
  command
      ->add_option("--heatmap", options.heatmap,
                   "Write NAME.diff.png for each image: faded, with red where labels differ")
      ->type_name("FOLDER");
  command->add_flag(
      "--layers", options.layers,
      "Instead: the error of each layer, and the first where it jumps (above 1e-2, or ten times "
      "the median before it)");
  command->add_flag("--json", options.json, "Report as one JSON document on standard output");
  command->footer(kCompareOptionsFooter);
  return command;
}

}  // namespace segforge::cli
