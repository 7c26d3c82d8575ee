#include "engine/engine.h"

#include <algorithm>
#include <mutex>

#include "engine/choose_precision.h"
#include "engine/program.h"
#include "ir/name_pattern.h"
#include "passes/assign_precision.h"

namespace segforge {
namespace {

// Some image folders mix a few sizes; a plan is a few hundred kilobytes at most and takes milliseconds to
// make.
constexpr size_t kMaxPlans = 16;

// [N, H, W, C] of floats: whatever the graph computes, its sizes follow from the image's.
Status CheckInput(const Graph& graph, const std::vector<DType>& dtypes) {
  int inputs = 0;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (node.op != Op::kInput) continue;
    ++inputs;
    const DimShape& shape = node.type.shape;
    if (std::ranges::find(dtypes, node.type.dtype) == dtypes.end() || shape.size() != 4 ||
        !shape[3].is_constant() ||
        DimShape(shape.begin(), shape.begin() + 3) != DimShape{Dim::N(), Dim::H(), Dim::W()}) {
      return InvalidInput("input \"{}\": expected f32[N, H, W, channels], got {}{}", node.name,
                          NameOf(node.type.dtype), ToString(shape));
    }
  }
  if (inputs != 1) return InvalidInput("expected a graph of one input, got {}", inputs);
  return Status();
}

Status Missing(const Backend& backend, Precision precision) {
  return Unsupported("{}: computes in {}, not in {}", backend.name(), NamesOf(backend.traits().precisions),
                     NameOf(precision));
}

// Last, because the passes before match f32 graphs.
Status SetPrecisions(Graph& graph, const Backend& backend, const EngineOptions& options) {
  if (!backend.Runs(options.precision)) return Missing(backend, options.precision);
  SEGFORGE_ASSIGN_OR_RETURN(const PrecisionOf choice,
                            ChoosePrecision(graph, options.precision, options.fp32_layers));
  if (options.precision == Precision::kFp32) return Status();
  SEGFORGE_RETURN_IF_ERROR(AssignPrecision(graph, choice).status());
  return Verify(graph);
}

// A layer that is to stay in fp32 stays a node of its own.
bool Takes(const Backend& backend, const EngineOptions& options, const Graph& graph, Node fused,
           std::span<const NodeId> replaced) {
  fused.precision = options.precision;
  const auto is_kept = [&](NodeId id) { return FitsAny(options.fp32_layers, graph.node(id).name); };
  return backend.Takes(graph, fused) && std::ranges::none_of(replaced, is_kept);
}

}  // namespace

struct Engine::State {
  BackendTraits backend;
  std::shared_ptr<SharedDevice> shared;
  std::shared_ptr<const Program> program;
  std::vector<PassReport> pass_reports;
  std::mutex mutex;  // guards what follows
  std::vector<std::pair<InputSize, std::vector<std::string>>> tactics;
  std::vector<std::shared_ptr<const Plan>> plans;  // the one used last comes first
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

Result<OptimizedGraph> Optimize(Graph graph, const Backend& backend, EngineOptions options) {
  SEGFORGE_RETURN_IF_ERROR(Verify(graph));
  SEGFORGE_RETURN_IF_ERROR(CheckInput(graph, {DType::kF32}));
  options.passes.offers = [&](Op op) { return backend.Offers(op); };
  options.passes.takes = [&](const Graph& whole, const Node& fused, std::span<const NodeId> replaced) {
    return Takes(backend, options, whole, fused, replaced);
  };
  OptimizedGraph optimized;
  SEGFORGE_ASSIGN_OR_RETURN(optimized.pass_reports, RunPasses(graph, options.passes));
  SEGFORGE_RETURN_IF_ERROR(SetPrecisions(graph, backend, options));
  optimized.graph = std::move(graph);
  return optimized;
}

Result<std::unique_ptr<Engine>> Engine::Build(Graph graph, const Backend& backend, EngineOptions options) {
  SEGFORGE_ASSIGN_OR_RETURN(OptimizedGraph optimized,
                            Optimize(std::move(graph), backend, std::move(options)));
  SEGFORGE_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, OfOptimized(optimized.graph, backend));
  engine->state_->pass_reports = std::move(optimized.pass_reports);
  return engine;
}

Result<std::unique_ptr<Engine>> Engine::OfOptimized(const Graph& graph, const Backend& backend) {
  SEGFORGE_RETURN_IF_ERROR(CheckInput(graph, {DType::kF32, DType::kF16, DType::kBF16}));
  for (const NodeId id : graph.LiveNodes()) {
    if (!backend.Runs(graph.node(id).precision)) return Missing(backend, graph.node(id).precision);
  }
  auto state = std::make_unique<State>();
  state->backend = backend.traits();
  SEGFORGE_ASSIGN_OR_RETURN(state->shared, ShareDevice(state->backend));
  SEGFORGE_ASSIGN_OR_RETURN(state->program, Compile(graph, backend));
  return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

Status Engine::UseTactics(const InputSize& size, std::vector<std::string> tactics) {
  const size_t steps = state_->program->instructions.size();
  if (!tactics.empty() && tactics.size() != steps) {
    return InvalidInput("tactics for {}x{}x{}: expected {}, one for each step, got {}", size.n, size.h,
                        size.w, steps, tactics.size());
  }
  const std::lock_guard lock(state_->mutex);
  std::erase_if(state_->plans, [&](const auto& plan) { return plan->size == size; });
  std::erase_if(state_->tactics, [&](const auto& known) { return known.first == size; });
  state_->tactics.emplace_back(size, std::move(tactics));
  return Status();
}

Result<std::shared_ptr<const Plan>> Engine::PlanFor(const InputSize& size, int threads) {
  if (threads <= 0) threads = AvailableThreads();
  const std::lock_guard lock(state_->mutex);
  auto& plans = state_->plans;
  const auto known = std::ranges::find_if(
      plans, [&](const auto& plan) { return plan->size == size && plan->threads == threads; });
  if (known != plans.end()) {
    std::rotate(plans.begin(), known, known + 1);
    return plans.front();
  }
  std::span<const std::string> tactics;
  for (const auto& [of_size, names] : state_->tactics) {
    if (of_size == size) tactics = names;
  }
  SEGFORGE_ASSIGN_OR_RETURN(auto plan, MakePlan(state_->program, size, threads, tactics));
  if (plans.size() == kMaxPlans) plans.pop_back();
  plans.insert(plans.begin(), plan);
  return plan;
}

Result<std::unique_ptr<Session>> Engine::NewSession(int threads, DeviceWait wait) const {
  return MakeSession(state_->backend, state_->shared, threads, wait);
}

const DeviceId& Engine::device() const { return state_->backend.device; }

const std::vector<PassReport>& Engine::pass_reports() const { return state_->pass_reports; }

}  // namespace segforge
