#include "compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <new>
#include <set>

#include "compare_layers.h"
#include "compare_report.h"
#include "exit_code.h"
#include "inputs.h"
#include "outputs.h"
#include "progress.h"
#include "segforge/evaluate.h"
#include "segforge/files.h"
#include "stored_results.h"
#include "text.h"
#include "write_file.h"

namespace segforge::cli {
namespace {

namespace fs = std::filesystem;

// A model that is run here or by ONNX Runtime, or results that are read.
class Reference {
 public:
  Reference(const CompareOptions& options, const ModelInfo& candidate) {
    std::error_code missing;
    const std::string& name = options.reference;
    if (fs::path(name).extension() == ".onnx") {
      onnx_ = std::make_unique<OnnxReference>(name, candidate, options.candidate_options);
      line_ = fmt::format("{} · {}", name, onnx_->device());
      return;
    }
    if (fs::is_directory(name, missing) && !IsModelFolder(name)) {
      stored_ = std::make_unique<StoredResults>(name, candidate.classes);
      line_ = name + " · stored";
      return;
    }
    segmenter_ = std::make_unique<Segmenter>(name, OptionsOfReference(options));
    line_ = fmt::format("{} · {}", name, segmenter_->device());
    if (segmenter_->info().classes != candidate.classes) {
      throw Error(ErrorCode::kInvalidInput, fmt::format("{}: expected {} classes as the candidate, got {}",
                                                        name, candidate.classes, segmenter_->info().classes));
    }
  }

  // The image at the size at which results are compared.
  RgbImage Prepared(RgbImage image) const { return onnx_ ? onnx_->Resized(image.view()) : std::move(image); }

  Segmentation Of(const Input& input, const RgbImage& image) const {
    if (onnx_) return onnx_->Run(image.view());
    return segmenter_ ? segmenter_->Run(image.view(), {true, false}) : stored_->Of(input, image.view());
  }
  const std::string& line() const { return line_; }

 private:
  std::unique_ptr<Segmenter> segmenter_;
  std::unique_ptr<StoredResults> stored_;
  std::unique_ptr<OnnxReference> onnx_;
  std::string line_;
};

std::string HeatmapPath(const std::string& folder, const Input& input) {
  return (fs::path(folder) / input.relative).replace_extension(".diff.png").string();
}

std::vector<Input> ImagesOf(const std::vector<std::string>& names, const CompareOptions& options) {
  std::vector<Input> inputs;
  std::set<std::string> outputs;
  const InputList list = ListInputs(names, options.recursive, options.heatmap);
  for (size_t i = 0; i < list.size(); ++i) {
    Input input = list[i];
    const std::string output = options.heatmap.empty() ? "" : HeatmapPath(options.heatmap, input);
    if (!output.empty() && !outputs.insert(output).second) {
      throw Error(ErrorCode::kInvalidInput,
                  output + ": two images would have their differences written there");
    }
    if (!output.empty()) CheckWritable(output);
    inputs.push_back(std::move(input));
  }
  return inputs;
}

class CompareRun {
 public:
  CompareRun(const CompareOptions& options, const CompareNames& names)
      : options_(options),
        candidate_(names.candidate, options.candidate_options),
        reference_(options, candidate_.info()),
        comparison_(candidate_.info().classes) {
    report_.model = candidate_.info();
    report_.candidate = fmt::format("{} · {}", names.candidate, candidate_.device());
    report_.reference = reference_.line();
    report_.max_a0 = options.max_a0;
    report_.max_r0 = options.max_r0;
  }

  int All(const std::vector<Input>& inputs);

 private:
  ComparedImage One(const Input& input);
  void Failed(const Input& input, const std::string& what);

  const CompareOptions& options_;
  Segmenter candidate_;
  Reference reference_;
  Comparison comparison_;
  CompareReport report_;
};

ComparedImage CompareRun::One(const Input& input) {
  const RgbImage image = reference_.Prepared(DecodeImage(ReadBytes(input.path)));
  const Segmentation got = candidate_.Run(image.view(), {true, false});
  const Segmentation expected = reference_.Of(input, image);
  ComparedImage result;
  result.image = input.path;
  result.latency_ms = got.timings.engine;
  result.difference = comparison_.Add(got, expected);
  const bool logits_good = !result.difference.logits || result.difference.logits->r0 <= options_.max_r0;
  result.good = result.difference.a0 <= options_.max_a0 && logits_good;
  if (!options_.heatmap.empty())
    WriteFile(HeatmapPath(options_.heatmap, input), EncodeDifferencePng(image.view(), got, expected));
  return result;
}

void CompareRun::Failed(const Input& input, const std::string& what) {
  const bool named = what.compare(0, input.path.size(), input.path) == 0;  // errors of the file itself
  const std::string message = named ? what : fmt::format("{}: {}", input.path, what);
  PrintError(message);
  report_.failures.emplace_back(input.path, message);
}

int CompareRun::All(const std::vector<Input>& inputs) {
  Progress progress(inputs.size(), inputs.size() > 1);
  if (!options_.json) PrintCompareHeader(report_);
  for (size_t i = 0; i < inputs.size(); ++i) {
    progress.Draw(i, report_.failures.size());
    try {
      const ComparedImage image = One(inputs[i]);
      progress.Clear();
      if (!options_.json) PrintCompareRow(image);
      report_.images.push_back(image);
    } catch (const Error& error) {
      progress.Clear();
      Failed(inputs[i], error.what());
    } catch (const std::bad_alloc&) {
      progress.Clear();
      Failed(inputs[i], "there is not enough memory");
    }
    std::fflush(stdout);
  }
  const bool all_good = std::all_of(report_.images.begin(), report_.images.end(),
                                    [](const ComparedImage& image) { return image.good; });
  report_.good = all_good && report_.failures.empty();
  report_.total = comparison_.Total();
  if (options_.json) {
    fmt::print("{}\n", CompareJson(report_));
  } else {
    PrintCompareSummary(report_);
  }
  if (!report_.failures.empty()) return kFailure;
  return all_good ? kSuccess : kBad;
}

}  // namespace

int Compare(const CompareOptions& options) {
  const CompareNames names = SplitNames(options);
  const std::vector<Input> inputs = ImagesOf(names.inputs, options);
  if (options.layers) {
    std::vector<std::string> paths;
    paths.reserve(inputs.size());
    for (const Input& input : inputs) paths.push_back(input.path);
    return CompareLayersOfImages(options, names.candidate, paths);
  }
  return CompareRun(options, names).All(inputs);
}

}  // namespace segforge::cli
