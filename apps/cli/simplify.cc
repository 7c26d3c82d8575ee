#include "simplify.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "exit_code.h"
#include "interrupt.h"
#include "outputs.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSimplifyFooter = R"(Examples:
  segforge simplify model.onnx simple.onnx
  segforge simplify model.onnx simple.onnx --fix-shape image=1x3x1024x1024
  segforge simplify model.onnx fused.onnx --opset 20 --fuse layernorm=all --fuse gelu=all

Both files are run on random data by an ONNX Runtime, where one is installed ($SEGFORGE_ONNXRUNTIME names its
library), and nothing is written where their outputs differ.

Exit codes: 0 done; 2 bad input or usage, or a file that differs; 1 a bug of segforge.)";

[[noreturn]] void Refuse(const std::string& what) { throw Error(ErrorCode::kInvalidInput, what); }

std::pair<std::string, std::string> SplitAtEquals(const std::string& flag, const std::string& text,
                                                  bool last) {
  const size_t equals = last ? text.rfind('=') : text.find('=');
  if (equals == std::string::npos || equals == 0)
    Refuse(fmt::format("{}: expected NAME=VALUE, got \"{}\"", flag, OneLine(text)));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

InputShape ParseShape(const std::string& text) {
  const auto [name, sizes] = SplitAtEquals("--fix-shape", text, true);
  InputShape shape = {name, {}};
  const char* at = sizes.data();
  const char* const end = at + sizes.size();
  while (true) {
    int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || (next != end && *next != 'x'))
      Refuse(fmt::format("--fix-shape: expected NAME=1x3x512x512, got \"{}\"", OneLine(text)));
    shape.dims.push_back(size);
    if (next == end) return shape;
    at = next + 1;
  }
}

void ParseFusion(const std::string& text, SimplifyOptions& options) {
  const auto fusion = text.substr(0, text.find('='));
  if (fusion == "attention" || fusion == "mixffn") {
    Refuse(
        fmt::format("--fuse {}: no ONNX operator does that; segforge build does, for any SegFormer", fusion));
  }
  if (fusion == "head-fold") {
    Refuse(
        "--fuse head-fold: that is of a SegFormer, not of any file: segforge export --head folded does it");
  }
  const auto [name, value] = SplitAtEquals("--fuse", text, false);
  if (name != "layernorm" && name != "gelu")
    Refuse(fmt::format("--fuse: expected layernorm or gelu, got \"{}\"", OneLine(name)));
  (name == "gelu" ? options.gelus : options.layer_norms) = value;
}

void PrintOperators(const SimplifyReport& report) {
  size_t width = 5;
  for (const OperatorCount& each : report.operators) width = std::max(width, each.name.size());
  int before = 0, after = 0;
  for (const OperatorCount& each : report.operators) {
    fmt::print("{:<{}} {:>6} {:>6}\n", each.name, width, each.before, each.after);
    before += each.before;
    after += each.after;
  }
  fmt::print("{:<{}} {:>6} {:>6}\n", "nodes", width, before, after);
}

void PrintRewrites(const SimplifyReport& report) {
  for (const RewriteCount& each : report.rewrites) {
    if (each.count > 0)
      fmt::print("{:<18} {:>6}  {:>7}  {}\n", each.name, each.count, Duration(each.time_ms), each.summary);
  }
}

std::string CheckText(const SimplifyReport& report) {
  if (!report.checked_by.empty())
    return fmt::format("outputs differ by at most {:.2g}, by {}", report.difference, report.checked_by);
  return report.not_checked.empty() ? "not checked"
                                    : fmt::format("not checked: {}", OneLine(report.not_checked));
}

void PrintReport(const SimplifyVerbOptions& options, const SimplifyReport& report) {
  PrintOperators(report);
  if (options.verbose) PrintRewrites(report);
  fmt::print("{} · {:.1f} MB, was {:.1f} · {}\n", OneLine(options.output),
             static_cast<double>(report.bytes_after) / 1e6, static_cast<double>(report.bytes_before) / 1e6,
             Duration(report.seconds * 1e3));
  fmt::print("{}\n", CheckText(report));
}

std::string ReportJson(const SimplifyVerbOptions& options, const SimplifyReport& report) {
  Json operators = Json::object(), rewrites = Json::object();
  for (const OperatorCount& each : report.operators)
    operators[each.name] = {{"before", each.before}, {"after", each.after}};
  for (const RewriteCount& each : report.rewrites)
    rewrites[each.name] = {{"count", each.count}, {"time_ms", each.time_ms}};
  const bool checked = !report.checked_by.empty();
  const Json json = {{"file", options.output},
                     {"operators", operators},
                     {"rewrites", rewrites},
                     {"bytes_before", report.bytes_before},
                     {"bytes_after", report.bytes_after},
                     {"seconds", report.seconds},
                     {"checked_by", checked ? Json(report.checked_by) : Json()},
                     {"not_checked", report.not_checked.empty() ? Json() : Json(report.not_checked)},
                     {"difference", checked ? Json(report.difference) : Json()}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

CLI::App* AddSimplifyCommand(CLI::App& program, SimplifyVerbOptions& options) {
  CLI::App* command =
      program.add_subcommand("simplify", "Write an ONNX file, of any model, with fewer nodes");
  command->add_option("INPUT", options.input, "An ONNX file, opset 7 to 24")
      ->required()
      ->type_name("IN.onnx");
  command->add_option("OUTPUT", options.output, "The file to write")->required()->type_name("OUT.onnx");
  command->add_option("--fix-shape", options.shapes, "Fix the free sizes of an input; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME=1x3x512x512");
  command
      ->add_option(
          "--fuse", options.fusions,
          "layernorm or gelu, in parts in the file, to one node each: all, none, the first N, or those with "
          "these names. Default: none; may be repeated")
      ->allow_extra_args(false)
      ->type_name("WHAT=all|none|N|NAME,...");
  command
      ->add_option("--opset", options.simplify.opset, "Raise the file's opset; layernorm needs 17, gelu 20")
      ->check(CLI::Range(11, 22));
  CLI::Option* runs = command
                          ->add_option("--check-runs", options.simplify.check_runs,
                                       "Runs on random data that both files are compared by")
                          ->check(CLI::Range(1, 1000))
                          ->capture_default_str();
  command->add_flag("--no-check", options.no_check, "Do not compare them")->excludes(runs);
  command->add_flag("--verbose", options.verbose, "Also say what each rewrite did");
  command->add_flag("--json", options.json, "Report as one JSON document");
  command->footer(kSimplifyFooter);
  return command;
}

int Simplify(const SimplifyVerbOptions& options) {
  SimplifyOptions wanted = options.simplify;
  for (const std::string& text : options.shapes) wanted.input_shapes.push_back(ParseShape(text));
  for (const std::string& text : options.fusions) ParseFusion(text, wanted);
  if (options.no_check) wanted.check_runs = 0;
  if (options.output == "-") Refuse("-: expected a file to write");
  CheckWritable(options.output);
  wanted.around_write = WriteUninterrupted;
  const SimplifyReport report = SimplifyOnnxFile(options.input, options.output, wanted);
  if (options.json) {
    fmt::print("{}\n", ReportJson(options, report));
  } else {
    PrintReport(options, report);
  }
  return kSuccess;
}

}  // namespace segforge::cli
