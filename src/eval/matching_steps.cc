#include "eval/matching_steps.h"

#include <algorithm>
#include <map>

namespace segforge {
namespace {

bool SameSteps(const Program& candidate, const Program& reference) {
  const auto same = [](const Instruction& a, const Instruction& b) {
    return a.op == b.op && a.name == b.name && a.value == b.value;
  };
  return std::ranges::equal(candidate.instructions, reference.instructions, same);
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
  return a.dtype == DType::kF32 && b.dtype == DType::kF32 && a.shape == b.shape;
}

}  // namespace

std::vector<std::optional<size_t>> MatchSteps(const Plan& candidate, const Plan& reference) {
  const bool same = SameSteps(*candidate.program, *reference.program);
  const std::map<std::string_view, size_t> by_value = StepsByValue(*reference.program);
  std::vector<std::optional<size_t>> matches(candidate.steps.size());
  for (size_t i = 0; i < matches.size(); ++i) {
    if (same) {
      matches[i] = i;
    } else if (const auto found = by_value.find(candidate.program->instructions[i].value);
               found != by_value.end()) {
      matches[i] = found->second;
    }
    if (matches[i] && !Comparable(candidate.steps[i].output, reference.steps[*matches[i]].output))
      matches[i].reset();
  }
  return matches;
}

}  // namespace segforge
