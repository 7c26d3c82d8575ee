#include "export.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exit_code.h"
#include "interrupt.h"
#include "measure_options.h"
#include "outputs.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kExportFooter = R"(Examples:
  segforge export street-b0 -o street.onnx --size 512x1024
  segforge export segformer.b1.pth -o b1.onnx --dynamic batch,height,width --opset 20
  segforge export my-model/ -o labels.onnx --output labels --weights fp16

Exit codes: 0 done; 2 bad input or usage; 1 a bug of segforge.)";

void AddSizeOptions(CLI::App& command, ExportVerbOptions& options) {
  command
      .add_option_function<std::string>(
          "--size",
          [&options](const std::string& text) {
            const Size size = ParseNetworkSize("--size", text);
            options.options.height = size.height;
            options.options.width = size.width;
            options.has_size = true;
          },
          "Of the input, HEIGHTxWIDTH. Default: 512x512")
      ->type_name("SIZE");
  command
      .add_option_function<int64_t>(
          "--batch",
          [&options](const int64_t& batch) {
            options.options.batch = batch;
            options.has_batch = true;
          },
          "Images in one pass. Default: 1")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command.add_option("--dynamic", options.dynamic, "Leave these free: batch, height, width. Default: none")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"batch", "height", "width"}))
      ->type_name("AXIS,...");
}

void AddFormOptions(CLI::App& command, ExportOptions& options) {
  command.add_option("--opset", options.opset, "Version of ONNX's operators")
      ->check(CLI::Range(11, 22))
      ->capture_default_str();
  const auto choice = [&command](const char* name, const char* first, const char* second,
                                 const char* description, const std::function<void(bool)>& set) {
    command
        .add_option_function<std::string>(
            name, [set, second](const std::string& text) { set(text == second); }, description)
        ->check(CLI::IsMember({first, second}))
        ->type_name(fmt::format("{}|{}", first, second));
  };
  choice(
      "--output", "logits", "labels",
      "logits, at a quarter of the input's size (default); or labels, int64 [N,1,H,W]",
      [&options](bool labels) { options.output = labels ? ExportOutput::kLabels : ExportOutput::kLogits; });
  choice("--head", "folded", "published",
         "The head's products at each stage's own resolution (default), or as it was trained",
         [&options](bool published) { options.fold_head = !published; });
  choice("--weights", "fp32", "fp16",
         "How weights are stored; fp16 ones are cast to float32 where they are read",
         [&options](bool narrow) { options.float16_weights = narrow; });
}

bool IsFree(const ExportVerbOptions& options, std::string_view axis) {
  return std::ranges::find(options.dynamic, axis) != options.dynamic.end();
}

ExportOptions CheckedOptions(const ExportVerbOptions& options) {
  const auto refuse = [](const char* option, const char* axes) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: expected no --dynamic {} beside it", option, axes));
  };
  ExportOptions wanted = options.options;
  if (IsFree(options, "batch")) wanted.batch.reset();
  if (IsFree(options, "height")) wanted.height.reset();
  if (IsFree(options, "width")) wanted.width.reset();
  if (options.has_batch && !wanted.batch) refuse("--batch", "batch");
  if (options.has_size && !wanted.height && !wanted.width) refuse("--size", "height,width");
  return wanted;
}

std::string InputText(const ExportOptions& options) {
  const auto text = [](const std::optional<int64_t>& size, const char* name) {
    return size ? fmt::format("{}", *size) : std::string(name);
  };
  return fmt::format("[{}, 3, {}, {}]", text(options.batch, "batch"), text(options.height, "height"),
                     text(options.width, "width"));
}

std::string ReportJson(const ExportVerbOptions& options, const ExportReport& report) {
  const Json json = {{"file", options.out},   {"model", report.model},      {"opset", options.options.opset},
                     {"nodes", report.nodes}, {"bytes", report.file_bytes}, {"seconds", report.seconds}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

CLI::App* AddExportCommand(CLI::App& program, ExportVerbOptions& options) {
  CLI::App* command = program.add_subcommand("export", "Write a model as an ONNX file, for other engines");
  command
      ->add_option("MODEL", options.options.model,
                   "street-b0 (built in), a Hugging Face folder, a .safetensors, .pth or .onnx file")
      ->capture_default_str();
  command->add_option("-o,--out", options.out, "The ONNX file to write")->required()->type_name("FILE.onnx");
  AddSizeOptions(*command, options);
  AddFormOptions(*command, options.options);
  command
      ->add_option_function<float>(
          "--layer-norm-eps", [&options](const float& eps) { options.options.layer_norm_eps = eps; },
          "Use this epsilon in every LayerNorm instead of those of the checkpoint's family")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options.json, "Report as one JSON document");
  command->footer(kExportFooter);
  return command;
}

int Export(const ExportVerbOptions& options) {
  if (options.out == "-") throw Error(ErrorCode::kInvalidInput, "-o -: expected a file");
  CheckWritable(options.out);
  ExportOptions wanted = CheckedOptions(options);
  wanted.around_write = WriteUninterrupted;
  const ExportReport report = ExportOnnx(wanted, options.out);
  if (options.json) {
    fmt::print("{}\n", ReportJson(options, report));
    return kSuccess;
  }
  fmt::print("{} · opset {}, input {}\n{} · {} nodes, {:.1f} MB · {}\n", report.model, wanted.opset,
             InputText(wanted), OneLine(options.out), report.nodes,
             static_cast<double>(report.file_bytes) / 1e6, Duration(report.seconds * 1e3));
  return kSuccess;
}

}  // namespace segforge::cli
