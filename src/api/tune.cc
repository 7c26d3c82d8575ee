#include "api/tune.h"

#include <algorithm>

#include "api/ceilings_cache.h"
#include "api/device.h"
#include "backend/cuda/cuda.h"

namespace segforge {
namespace {

// All that times hang on beside a kernel and its shapes.
Result<std::string> MachineName(const ModelEngine& model, const Engine& engine) {
  if (engine.device().kind != DeviceId::Kind::kCuda) {
    return fmt::format("{} | {}", model.device_line, Version());
  }
  SEGFORGE_ASSIGN_OR_RETURN(const CudaDevice device, DescribeCudaDevice(engine.device().index));
  return fmt::format("{} | {}.{} | {} | {}", device.name, device.compute_major, device.compute_minor,
                     CudaVersions(), Version());
}

Result<std::vector<std::string>> TuneSize(Engine& engine, const InputSize& size, Session& session,
                                          TimingCache& cache, TuneReport& report) {
  SEGFORGE_RETURN_IF_ERROR(engine.UseTactics(size, {}));
  SEGFORGE_ASSIGN_OR_RETURN(const auto plan, engine.PlanFor(size, session.threads()));
  SEGFORGE_RETURN_IF_ERROR(session.Prepare(plan));
  SEGFORGE_ASSIGN_OR_RETURN(std::vector<std::string> tactics, TuneTactics(*plan, session, cache, report));
  const bool any = std::ranges::any_of(tactics, [](const std::string& tactic) { return !tactic.empty(); });
  if (!any) tactics.clear();
  SEGFORGE_RETURN_IF_ERROR(engine.UseTactics(size, tactics));
  return tactics;
}

Result<Tuned> TuneOne(const ModelEngine& model, Engine& engine, std::span<const InputSize> sizes,
                      const TimingCacheChoice& choice) {
  Tuned tuned;
  const std::filesystem::path file =
      choice.file.empty() ? CacheFile("timings.json") : std::filesystem::path(choice.file);
  bool writes = choice.use && !file.empty();
  SEGFORGE_ASSIGN_OR_RETURN(const std::string machine, MachineName(model, engine));
  TimingCache cache(machine);
  if (writes) {
    Result<TimingCache> known = TimingCache::Read(file, machine);
    if (known.ok()) {
      cache = std::move(known).value();
    } else {
      writes = choice.file.empty();  // a file that was named may be somebody's
      tuned.warnings.push_back(known.status().message() + (writes ? "; replaced" : "; not used"));
    }
  }
  SEGFORGE_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, engine.NewSession(model.threads));
  for (const InputSize& size : sizes) {
    SEGFORGE_ASSIGN_OR_RETURN(std::vector<std::string> tactics,
                              TuneSize(engine, size, *session, cache, tuned.report));
    tuned.sizes.push_back({size, std::move(tactics)});
  }
  if (!writes || tuned.report.timed == 0) return tuned;
  const Status written = cache.Write(file);
  if (!written.ok()) tuned.warnings.push_back(written.message());
  return tuned;
}

}  // namespace

// Equal devices know each other's times by the cache.
Result<Tuned> TuneEngines(const ModelEngine& model, std::span<const InputSize> sizes,
                          const TimingCacheChoice& choice) {
  SEGFORGE_ASSIGN_OR_RETURN(Tuned first, TuneOne(model, *model.engines.front(), sizes, choice));
  for (size_t i = 1; i < model.engines.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(TuneOne(model, *model.engines[i], sizes, choice).status());
  }
  return first;
}

}  // namespace segforge
