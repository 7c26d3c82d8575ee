#include "engine/tune_tactics.h"

#include <algorithm>

#include "engine/fill_with_noise.h"
#include "ir/print_attributes.h"

namespace segforge {
namespace {

constexpr int kRounds = 9;
constexpr double kHopeless = 1.3;  // times as long as the best in a first round: not worth the others
constexpr double kNoise = 0.02;

struct Candidate {
  std::string tactic;
  std::unique_ptr<const Kernel> tuned;  // null for the kernel's own choice
  const Kernel* run = nullptr;
};

std::vector<Shape> InputShapes(const Step& step) {
  std::vector<Shape> shapes;
  for (const BufferPlace& input : step.inputs) shapes.push_back(input.shape);
  return shapes;
}

// All that a step's time hangs on, but the machine.
std::string KeyOf(const Plan& plan, size_t index) {
  const Instruction& instruction = plan.program->instructions[index];
  std::string key = fmt::format("{} {} {{{}}} {}", instruction.kernel_name, NameOf(instruction.op),
                                ToString(instruction.attributes), NameOf(instruction.precision));
  for (const ValueType& operand : instruction.operands) {
    key += fmt::format(" {}", ToString(Evaluate(operand.shape, plan.size)));
  }
  return key;
}

std::vector<Candidate> CandidatesOf(const Step& step) {
  const std::vector<Shape> shapes = InputShapes(step);
  std::vector<Candidate> candidates;
  candidates.push_back({"", nullptr, step.run});
  for (std::string& tactic : step.run->Tactics(shapes)) {
    auto tuned = step.run->WithTactic(shapes, tactic);
    if (!tuned.ok()) continue;  // what there is no memory for is not the fastest
    const Kernel* run = tuned->get();
    candidates.push_back({std::move(tactic), std::move(tuned).value(), run});
  }
  return candidates;
}

Result<std::vector<double>> TimeAll(Session& session, size_t step, const std::vector<Candidate>& candidates,
                                    int rounds) {
  std::vector<const Kernel*> kernels;
  kernels.reserve(candidates.size());
  for (const Candidate& candidate : candidates) kernels.push_back(candidate.run);
  return session.TimeKernels(step, kernels, rounds);
}

// The kernel's own choice comes first, and stays.
Status DropHopeless(Session& session, size_t step, std::vector<Candidate>& candidates) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<double> us, TimeAll(session, step, candidates, 1));
  const double limit = kHopeless * *std::ranges::min_element(us);
  std::vector<Candidate> kept;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i == 0 || us[i] <= limit) kept.push_back(std::move(candidates[i]));
  }
  candidates = std::move(kept);
  return Status();
}

Result<std::string> FindFastest(Session& session, size_t step, std::vector<Candidate> candidates) {
  SEGFORGE_RETURN_IF_ERROR(DropHopeless(session, step, candidates));
  if (candidates.size() == 1) return std::string();
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<double> us, TimeAll(session, step, candidates, kRounds));
  const auto best = std::ranges::min_element(us);
  if (*best > (1 - kNoise) * us.front()) return std::string();
  return candidates[static_cast<size_t>(best - us.begin())].tactic;
}

}  // namespace

Result<std::vector<std::string>> TuneTactics(const Plan& plan, Session& session, TimingCache& cache,
                                             TuneReport& report) {
  std::vector<std::string> tactics(plan.steps.size());
  TimingCache seen("");  // of this plan, so that a kind is counted once
  bool filled = false;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const std::string key = KeyOf(plan, i);
    const bool known = cache.Find(key) != nullptr;
    // What is known is not asked for again: a library may have to be opened for it.
    if (!known && plan.steps[i].run->Tactics(InputShapes(plan.steps[i])).empty()) continue;
    ++report.steps;
    if (known && seen.Find(key) == nullptr) ++report.known;
    if (!known) {
      if (!filled) {  // a GPU's clock falls with the bits that switch, so they are as in earnest
        FillWithNoise(session.input());
        SEGFORGE_RETURN_IF_ERROR(session.Execute());
        filled = true;
      }
      SEGFORGE_ASSIGN_OR_RETURN(std::string fastest, FindFastest(session, i, CandidatesOf(plan.steps[i])));
      cache.Add(key, std::move(fastest));
      ++report.timed;
    }
    tactics[i] = *cache.Find(key);
    seen.Add(key, tactics[i]);
  }
  return tactics;
}

}  // namespace segforge
