#include "segforge/simplify.h"

#include "api/error.h"
#include "api/output_file.h"
#include "base/file.h"
#include "base/stopwatch.h"
#include "eval/onnx_agreement.h"
#include "formats/onnx_write.h"
#include "onnx/simplify/choice.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

simplify::Choice ChoiceOf(const std::string& text, std::string_view what) {
  Result<simplify::Choice> choice = simplify::ParseChoice(text);
  if (!choice.ok()) Throw(choice.status().Within(what));
  return *choice;
}

simplify::Options OptionsOf(const SimplifyOptions& options) {
  simplify::Options result;
  for (const InputShape& shape : options.input_shapes) {
    const Result<Shape> checked = Shape::FromUntrusted(shape.dims);
    if (!checked.ok()) Throw(checked.status().Within(shape.name));
    result.input_dims.emplace_back(shape.name, shape.dims);
  }
  result.opset = options.opset;
  result.layer_norm = ChoiceOf(options.layer_norms, "layernorm");
  result.gelu = ChoiceOf(options.gelus, "gelu");
  return result;
}

void Describe(const simplify::Report& from, SimplifyReport& report) {
  std::map<std::string, OperatorCount> operators;
  for (const auto& [name, count] : from.before) operators[name].before = count;
  for (const auto& [name, count] : from.after) operators[name].after = count;
  for (auto& [name, counts] : operators) {
    counts.name = name;
    report.operators.push_back(counts);
  }
  for (const simplify::RewriteReport& rewrite : from.rewrites) {
    report.rewrites.push_back(
        {std::string(rewrite.name), std::string(rewrite.summary), rewrite.rewrites, rewrite.time_us / 1e3});
  }
}

void Check(const std::string& input, const std::string& bytes, const OnnxFile& file, int runs,
           SimplifyReport& report) {
  const Result<OnnxAgreement> agreement = CompareOnnx(input, bytes, file, runs);
  if (!agreement.ok()) {
    report.not_checked = agreement.status().message();
    return;
  }
  report.checked_by = agreement->library;
  report.difference = agreement->difference;
  if (agreement->agrees()) return;
  Throw(InvalidInput(
      "{}: output \"{}\" of the simplified file differs by {:.3g}: expected at most {:.3g}; nothing "
      "was written",
      input, agreement->output, agreement->difference, agreement->limit));
}

}  // namespace

SimplifyReport SimplifyOnnxFile(const std::string& input, const std::string& output,
                                const SimplifyOptions& options) {
  Stopwatch watch;
  ThrowIfError(CheckKeepsInput(input, output, "the simplified file"));
  const simplify::Options wanted = OptionsOf(options);
  SimplifyReport report;
  OnnxFile file = Unwrap(OpenOnnx(input));
  simplify::Report rewrites;
  Result<OnnxFile> simplified = simplify::Simplify(std::move(file), wanted, rewrites);
  if (!simplified.ok()) Throw(simplified.status().Within(input));
  const std::string bytes = Unwrap(OnnxToBytes(*simplified));
  Describe(rewrites, report);
  report.bytes_before = static_cast<int64_t>(fs::file_size(input));
  report.bytes_after = static_cast<int64_t>(bytes.size());
  report.seconds = watch.LapMs() / 1e3;
  if (options.check_runs > 0) Check(input, bytes, *simplified, options.check_runs, report);
  WriteWithin(options.around_write, [&] {
    ThrowIfError(WriteFileAtomically(output, std::as_bytes(std::span(bytes))).Within(output));
  });
  return report;
}

}  // namespace segforge
