#include "eval/matching_steps.h"

#include <algorithm>
#include <map>

namespace segforge {
namespace {

// Steps but those that convert alone, which differ with the precision.
std::vector<size_t> ComputingSteps(const Program& program) {
  std::vector<size_t> steps;
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    if (program.instructions[i].op != Op::kCast) steps.push_back(i);
  }
  return steps;
}

bool SameSteps(const Program& candidate, const std::vector<size_t>& candidate_steps, const Program& reference,
               const std::vector<size_t>& reference_steps) {
  const auto same = [&](size_t i, size_t j) {
    const Instruction& a = candidate.instructions[i];
    const Instruction& b = reference.instructions[j];
    return a.op == b.op && a.name == b.name && a.value == b.value;
  };
  return std::ranges::equal(candidate_steps, reference_steps, same);
}

std::map<std::string_view, size_t> StepsByValue(const Program& program) {
  std::map<std::string_view, size_t> steps;
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    const std::string& value = program.instructions[i].value;
    if (!value.empty()) steps.emplace(value, i);
  }
  return steps;
}

bool Comparable(const BufferPlace& a, const BufferPlace& b) {
  return IsFloat(a.dtype) && IsFloat(b.dtype) && a.shape == b.shape;
}

}  // namespace

std::vector<std::optional<size_t>> MatchSteps(const Plan& candidate, const Plan& reference) {
  std::vector<std::optional<size_t>> matches(candidate.steps.size());
  const std::vector<size_t> mine = ComputingSteps(*candidate.program);
  const std::vector<size_t> theirs = ComputingSteps(*reference.program);
  const bool same = SameSteps(*candidate.program, mine, *reference.program, theirs);
  const std::map<std::string_view, size_t> by_value = StepsByValue(*reference.program);
  for (size_t i = 0; i < mine.size(); ++i) {
    std::optional<size_t>& match = matches[mine[i]];
    if (same) {
      match = theirs[i];
    } else if (const auto found = by_value.find(candidate.program->instructions[mine[i]].value);
               found != by_value.end()) {
      match = found->second;
    }
    if (match && !Comparable(candidate.steps[mine[i]].output, reference.steps[*match].output)) match.reset();
  }
  return matches;
}

}  // namespace segforge
