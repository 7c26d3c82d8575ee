// The one loop that measures: warm up until steady, then time runs.
#pragma once

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

}  // namespace segforge
