#include "engine/profile.h"

#include <algorithm>
#include <numeric>

namespace segforge {
namespace {

// A step starts when the one before it is done.
double StartUs(const std::vector<double>& ends_us, size_t step) { return step == 0 ? 0 : ends_us[step - 1]; }

// The upper one of two middle values, so that it is always one that was measured.
size_t IndexOfMedian(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
  std::nth_element(order.begin(), middle, order.end(),
                   [&](size_t a, size_t b) { return values[a] < values[b]; });
  return *middle;
}

int64_t BytesOf(const BufferPlace& place) {
  return place.shape.elems() * static_cast<int64_t>(SizeOf(place.dtype));
}

int64_t BytesOf(const ValueType& type, const InputSize& size) {
  auto bytes = static_cast<int64_t>(SizeOf(type.dtype));
  for (const Dim& dim : type.shape) bytes *= dim.Evaluate(size);
  return bytes;
}

// What each value is made by; program.instructions.size() for the inputs of the network.
std::vector<size_t> Makers(const Program& program) {
  std::vector<size_t> makers(program.values.size(), program.instructions.size());
  for (size_t i = 0; i < program.instructions.size(); ++i) makers[program.instructions[i].output] = i;
  return makers;
}

std::vector<StepProfile> Describe(const Plan& plan) {
  const Program& program = *plan.program;
  const std::vector<size_t> makers = Makers(program);
  std::vector<StepProfile> steps;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    const Instruction& instruction = program.instructions[i];
    StepProfile profile;
    profile.op = instruction.op;
    profile.name = step.name;
    profile.kernel = step.kernel;
    profile.tactic = step.tactic;
    profile.output = step.output.shape;
    profile.macs = step.macs;
    profile.bytes = BytesOf(step.output);
    for (const ValueType& operand : instruction.operands) profile.bytes += BytesOf(operand, plan.size);
    for (const ValueId input : instruction.inputs) {
      if (makers[input] < program.instructions.size()) profile.inputs.push_back(makers[input]);
    }
    steps.push_back(std::move(profile));
  }
  return steps;
}

}  // namespace

Result<Profile> ProfilePlan(Session& session, const Plan& plan, int runs) {
  SEGFORGE_CHECK(runs >= 1);
  const size_t count = plan.steps.size();
  // ends_us[run][step], taken before, so that nothing is allocated between.
  std::vector<std::vector<double>> ends_us(static_cast<size_t>(runs), std::vector<double>(count));
  SEGFORGE_RETURN_IF_ERROR(session.Execute());
  for (auto& run : ends_us) SEGFORGE_RETURN_IF_ERROR(session.ExecuteTimed(run));

  Profile profile;
  for (const auto& run : ends_us) profile.run_ms.push_back(run.empty() ? 0 : run.back() / 1e3);
  const auto& traced = ends_us[IndexOfMedian(profile.run_ms)];
  profile.traced_ms = traced.empty() ? 0 : traced.back() / 1e3;
  profile.steps = Describe(plan);
  for (size_t i = 0; i < count; ++i) {
    std::vector<double> ms;
    ms.reserve(ends_us.size());
    for (const auto& run : ends_us) ms.push_back((run[i] - StartUs(run, i)) / 1e3);
    StepProfile& step = profile.steps[i];
    step.median_ms = ms[IndexOfMedian(ms)];
    step.start_ms = StartUs(traced, i) / 1e3;
    step.duration_ms = (traced[i] - StartUs(traced, i)) / 1e3;
  }
  return profile;
}

}  // namespace segforge
