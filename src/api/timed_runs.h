// The one loop that measures: warm up until steady, then time runs.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "segforge/measure.h"

namespace segforge {

// Seconds since some fixed point; a clock that tests can turn by hand.
using SecondsClock = FunctionRef<double()>;

Status CheckRule(const RunRule& rule);

// Calls run() as the rule says; before_timed() once in between. Throws what they throw.
TimedRuns RunTimed(const RunRule& rule, FunctionRef<void()> run, FunctionRef<void()> before_timed,
                   SecondsClock now);

// By the steady clock.
TimedRuns RunTimed(const RunRule& rule, FunctionRef<void()> run, FunctionRef<void()> before_timed);

using TimedRun = std::function<double()>;  // one run of an engine, which returns its time in ms

// Engines in turns, so that whatever slows the machine hits all alike. Each is warmed up as the rule says.
// Then in every round each has a turn: pause(), a run that does not count, because its caches are cold, and
// up to three that do. The rule's runs and seconds are of each engine.
std::vector<TimedRuns> RunInTurns(const RunRule& rule, std::span<const TimedRun> engines,
                                  FunctionRef<void()> pause, SecondsClock now);
std::vector<TimedRuns> RunInTurns(const RunRule& rule, std::span<const TimedRun> engines,
                                  FunctionRef<void()> pause);
void RestBetweenTurns();  // a pause for the threads of the engine before to stop spinning

}  // namespace segforge
