#include <map>

#include "api/device.h"
#include "api/error.h"
#include "api/model_engine.h"
#include "api/network_input.h"
#include "base/memory.h"
#include "eval/layer_errors.h"
#include "eval/matching_steps.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

// One model prepared for one image.
struct Side {
  ModelEngine model;
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<Session> session;
};

Side Prepare(const std::string& name, const SegmenterOptions& options, const ImageView& image) {
  Side side;
  side.model = LoadModelEngine(name, options);
  const Preprocessing& preprocessing = side.model.preprocessing;
  const ImageSize size = Unwrap(ChooseNetworkSize(options, preprocessing, {image.height, image.width}));
  side.plan = Unwrap(side.model.engines.front()->PlanFor({1, size.height, size.width}, side.model.threads));
  side.session = Unwrap(side.model.engines.front()->NewSession(side.model.threads));
  ThrowIfError(side.session->Prepare(side.plan));
  ThrowIfError(FillInput(image, preprocessing, side.session->input(), side.session->pool()));
  return side;
}

using Matches = std::vector<std::optional<size_t>>;

// The values of the reference's steps that the candidate has too, by the reference's step.
std::map<size_t, Tensor> KeepValues(const Side& reference, const Matches& matches) {
  std::map<size_t, Tensor> values;
  int64_t bytes = 0;
  for (const std::optional<size_t>& match : matches) {
    if (!match || !values.try_emplace(*match).second) continue;
    bytes += reference.plan->steps[*match].output.shape.elems() * static_cast<int64_t>(sizeof(float));
  }
  ThrowIfError(CheckMemory(bytes, "the values of all layers"));
  Status status;
  const auto keep = [&](size_t step) {
    const auto found = values.find(step);
    if (found == values.end()) return;
    const Result<ConstTensorView> value = reference.session->step_output(step);
    if (!value.ok()) {
      status = value.status();
      return;
    }
    found->second = Tensor::From(value->shape, value->span<float>());
  };
  ThrowIfError(reference.session->Execute(keep));
  ThrowIfError(status);
  return values;
}

}  // namespace

LayerReport CompareLayers(const std::string& candidate, const SegmenterOptions& candidate_options,
                          const std::string& reference, const SegmenterOptions& reference_options,
                          const RgbView& image) {
  ThrowIfError(CheckSizeOptions(candidate_options));
  ThrowIfError(CheckSizeOptions(reference_options));
  for (const SegmenterOptions* options : {&candidate_options, &reference_options}) {
    ResolveThreads(options->threads);  // to refuse either before a model is loaded
  }
  const ImageView view = Unwrap(CheckedView(image));
  const Side expected = Prepare(reference, reference_options, view);
  const Side got = Prepare(candidate, candidate_options, view);
  const Matches matches = MatchSteps(*got.plan, *expected.plan);
  const std::map<size_t, Tensor> values = KeepValues(expected, matches);
  LayerReport report;
  std::vector<double> errors;
  Status status;
  const auto compare = [&](size_t step) {
    const Instruction& instruction = got.plan->program->instructions[step];
    if (!matches[step]) {
      if (instruction.op != Op::kCast) ++report.unmatched;  // a cast makes no value of its own
      return;
    }
    const Result<ConstTensorView> value = got.session->step_output(step);
    if (!value.ok()) {
      status = value.status();
      return;
    }
    const LayerError error = CompareLayer(value->span<float>(), values.at(*matches[step]).span<float>());
    const auto dims = value->shape.dims();
    report.layers.push_back({instruction.name, std::string(NameOf(instruction.op)),
                             std::vector<int64_t>(dims.begin(), dims.end()), error.max_error,
                             error.relative_error});
    errors.push_back(error.relative_error);
  };
  ThrowIfError(got.session->Execute(compare));
  ThrowIfError(status);
  report.first_jump = FirstJump(errors);
  return report;
}

}  // namespace segforge
