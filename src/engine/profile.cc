#include "engine/profile.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace segforge {
namespace {

using Clock = std::chrono::steady_clock;

double MsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

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

Profile ProfilePlan(Session& session, const Plan& plan, int runs) {
  SEGFORGE_CHECK(runs >= 1);
  const size_t count = plan.steps.size();
  // ends[run][step + 1], ends[run][0] being the run's start: taken before, so that nothing is allocated
  // between.
  std::vector<std::vector<Clock::time_point>> ends(static_cast<size_t>(runs),
                                                   std::vector<Clock::time_point>(count + 1));
  session.Execute();
  for (auto& run : ends) {
    run[0] = Clock::now();
    session.Execute([&run](size_t step) { run[step + 1] = Clock::now(); });
  }

  Profile profile;
  for (const auto& run : ends) profile.run_ms.push_back(MsBetween(run.front(), run.back()));
  const auto& traced = ends[IndexOfMedian(profile.run_ms)];
  profile.traced_ms = MsBetween(traced.front(), traced.back());
  profile.steps = Describe(plan);
  for (size_t i = 0; i < count; ++i) {
    std::vector<double> ms;
    ms.reserve(ends.size());
    for (const auto& run : ends) ms.push_back(MsBetween(run[i], run[i + 1]));
    StepProfile& step = profile.steps[i];
    step.median_ms = ms[IndexOfMedian(ms)];
    step.start_ms = MsBetween(traced.front(), traced[i]);
    step.duration_ms = MsBetween(traced[i], traced[i + 1]);
  }
  return profile;
}

}  // namespace segforge
