#include "engine/profile.h"

#include "api/error.h"
#include "api/lone_engine.h"
#include "api/network_input.h"
#include "backend/cpu/target.h"
#include "image/decode.h"
#include "segforge/files.h"
#include "segforge/measure.h"

namespace segforge {
namespace {

constexpr int kMaxRuns = 100'000;

// Seconds that the work takes at a ceiling.
double Least(double amount, double per_second) { return per_second > 0 ? amount * 1e-9 / per_second : 0; }

LayerProfile LayerOf(const StepProfile& step, const Ceilings& ceilings) {
  LayerProfile layer;
  layer.name = step.name;
  layer.kind = NameOf(step.op);
  layer.kernel =
      step.tactic.empty() ? std::string(step.kernel) : fmt::format("{} {}", step.kernel, step.tactic);
  for (int i = 0; i < step.output.rank(); ++i) layer.output.push_back(step.output[i]);
  layer.inputs = step.inputs;
  layer.ms = step.median_ms;
  layer.start_ms = step.start_ms;
  layer.duration_ms = step.duration_ms;
  layer.gflop = 2e-9 * static_cast<double>(step.macs);
  layer.bytes = static_cast<double>(step.bytes);
  const double fma_ms = 1e3 * Least(layer.gflop * 1e9, ceilings.gflops);
  const double copy_ms = 1e3 * Least(layer.bytes, ceilings.copy_gbs);
  if (layer.ms > 0) {
    layer.fma_share = fma_ms / layer.ms;
    layer.copy_share = copy_ms / layer.ms;
  }
  layer.bound_by_fma = fma_ms > copy_ms;
  return layer;
}

void FillWithImage(const std::string& path, const LoneEngine& lone, const SegmenterOptions& options) {
  const Image image = Unwrap(ReadImage(path));
  Preprocessing preprocessing = lone.model.preprocessing;
  if (options.resampling != Resampling::kFromConfig) {
    preprocessing.resample =
        options.resampling == Resampling::kPillow ? Resample::kPillow : Resample::kOpenCv;
  }
  ThrowIfError(FillInput(image.view(), preprocessing, lone.session->input(), lone.session->pool()));
}

}  // namespace

ModelProfile ProfileModel(const ProfileOptions& options) {
  if (options.runs < 1 || options.runs > kMaxRuns) {
    Throw(InvalidInput("runs: expected 1 to {}, got {}", kMaxRuns, options.runs));
  }
  const LoneEngine lone =
      MakeLoneEngine(options.model, options.segmenter, {1, options.height, options.width});
  if (!options.image.empty()) FillWithImage(options.image, lone, options.segmenter);
  ModelProfile result;
  const bool on_cpu = lone.model.device.kind == DeviceId::Kind::kCpu;
  if (options.ceilings && on_cpu) result.ceilings = MeasureCeilings(lone.session->threads());
  const Profile profile = Unwrap(ProfilePlan(*lone.session, *lone.plan, options.runs));
  result.model = fmt::format("{} ({})", lone.model.info.name, lone.model.info.family);
  result.device = lone.model.device_line;
  result.height = options.height;
  result.width = options.width;
  result.run = Summarize(profile.run_ms);
  result.traced_ms = profile.traced_ms;
  for (const StepProfile& step : profile.steps) result.layers.push_back(LayerOf(step, result.ceilings));
  return result;
}

}  // namespace segforge
