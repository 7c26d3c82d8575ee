#include <map>

#include "api/device.h"
#include "api/error.h"
#include "api/model_engine.h"
#include "api/network_input.h"
#include "base/memory.h"
#include "eval/layer_errors.h"
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
  side.plan = Unwrap(side.model.engine->PlanFor({1, size.height, size.width}, side.model.threads));
  side.session = Unwrap(side.model.engine->NewSession(side.model.threads));
  ThrowIfError(side.session->Prepare(side.plan));
  ThrowIfError(side.session->SetImage(0, image, preprocessing));
  return side;
}

// Node names are unique in a graph; fused nodes keep the name of one they replace, hence the operation.
using Key = std::pair<std::string, Op>;
Key KeyOf(const Plan& plan, size_t step) {
  return {std::string(plan.steps[step].name), plan.program->instructions[step].op};
}

using Values = std::map<Key, Tensor>;

bool Fits(const ConstTensorView& value, const Tensor& expected) {
  return value.dtype == DType::kF32 && expected.dtype() == DType::kF32 && value.shape == expected.shape();
}

// The values of all steps of the reference that the candidate has too.
Values KeepValues(const Side& reference, const Plan& candidate) {
  std::map<Key, Shape> wanted;
  for (size_t i = 0; i < candidate.steps.size(); ++i)
    wanted[KeyOf(candidate, i)] = candidate.steps[i].output.shape;
  int64_t bytes = 0;
  for (const auto& [key, shape] : wanted) bytes += shape.elems() * static_cast<int64_t>(sizeof(float));
  ThrowIfError(CheckMemory(bytes, "the values of all layers"));
  Values values;
  ThrowIfError(reference.session->Execute([&](size_t step) {
    const Key key = KeyOf(*reference.plan, step);
    const ConstTensorView value = reference.session->step_output(step);
    const auto found = wanted.find(key);
    if (value.dtype != DType::kF32 || found == wanted.end() || found->second != value.shape) return;
    values.insert_or_assign(key, Tensor::From(value.shape, value.span<float>()));
  }));
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
  const Values values = KeepValues(expected, *got.plan);
  LayerReport report;
  std::vector<double> errors;
  ThrowIfError(got.session->Execute([&](size_t step) {
    const auto found = values.find(KeyOf(*got.plan, step));
    const ConstTensorView value = got.session->step_output(step);
    if (found == values.end() || !Fits(value, found->second)) {
      ++report.unmatched;
      return;
    }
    const LayerError error = CompareLayer(value.span<float>(), found->second.span<float>());
    const auto dims = value.shape.dims();
    report.layers.push_back({found->first.first, std::string(NameOf(found->first.second)),
                             std::vector<int64_t>(dims.begin(), dims.end()), error.max_error,
                             error.relative_error});
    errors.push_back(error.relative_error);
  }));
  report.first_jump = FirstJump(errors);
  return report;
}

}  // namespace segforge
