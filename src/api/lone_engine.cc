#include "api/lone_engine.h"

#include "api/error.h"
#include "api/network_input.h"
#include "base/stopwatch.h"
#include "engine/fill_with_noise.h"

namespace segforge {
namespace {

constexpr int64_t kMaxBatch = 1024;

void CheckSize(const InputSize& size) {
  SegmenterOptions fixed;
  fixed.size = NetworkSize::kFixed;
  fixed.height = size.h;
  fixed.width = size.w;
  ThrowIfError(CheckSizeOptions(fixed));
  if (size.n < 1 || size.n > kMaxBatch) {
    Throw(InvalidInput("batch: expected 1 to {}, got {}", kMaxBatch, size.n));
  }
}

}  // namespace

LoneEngine MakeLoneEngine(const std::string& model, const SegmenterOptions& options, const InputSize& size) {
  CheckSize(size);
  LoneEngine lone;
  Stopwatch watch;
  SegmenterOptions fixed = options;
  fixed.size = NetworkSize::kFixed;
  fixed.height = size.h;
  fixed.width = size.w;
  lone.model = LoadModelEngine(model, fixed);
  lone.load_ms = watch.LapMs();
  lone.plan = Unwrap(lone.model.engines.front()->PlanFor(size, lone.model.threads));
  lone.session = Unwrap(lone.model.engines.front()->NewSession(lone.model.threads));
  ThrowIfError(lone.session->Prepare(lone.plan));
  FillWithNoise(lone.session->input());
  return lone;
}

double GflopOf(const Plan& plan) {
  int64_t macs = 0;
  for (const Step& step : plan.steps) macs += step.macs;
  return 2e-9 * static_cast<double>(macs);
}

}  // namespace segforge
