#include "api/timed_runs.h"

#include <chrono>
#include <cmath>
#include <thread>

namespace segforge {
namespace {

constexpr int64_t kWindowRuns = 3;
constexpr int64_t kMinRuns = 3;
constexpr int64_t kTurnRuns = 3;
constexpr double kSteadyShare = 0.05;
constexpr std::chrono::milliseconds kRest(100);

constexpr int64_t kMaxTimedRuns = 1'000'000;
constexpr double kMaxSeconds = 1e6;

double MedianOfWindow(const std::vector<double>& ms) {
  return Summarize(std::vector<double>(ms.end() - kWindowRuns, ms.end())).median;
}

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Loop {
 public:
  Loop(const RunRule& rule, FunctionRef<void()> run, SecondsClock now) : rule_(rule), run_(run), now_(now) {}

  void WarmUp(TimedRuns& result) {
    const double end = now_() + rule_.warmup_seconds;
    std::vector<double> ms;
    double previous = 0;
    do {
      ms.push_back(OneMs());
      if (static_cast<int64_t>(ms.size()) % kWindowRuns != 0) continue;
      const double median = MedianOfWindow(ms);
      result.steady = previous > 0 && std::abs(median - previous) < kSteadyShare * previous;
      previous = median;
    } while (!result.steady && now_() < end);
    result.warmup_runs = static_cast<int64_t>(ms.size());
  }

  void Measure(TimedRuns& result) {
    const double end = now_() + rule_.seconds;
    const auto done = [&] { return static_cast<int64_t>(result.ms.size()); };
    while (done() < rule_.runs && (done() < kMinRuns || now_() < end)) {
      result.ms.push_back(OneMs());
    }
  }

 private:
  double OneMs() {
    const double start = now_();
    run_();
    return (now_() - start) * 1e3;
  }

  RunRule rule_;
  FunctionRef<void()> run_;
  SecondsClock now_;
};

}  // namespace

Status CheckRule(const RunRule& rule) {
  if (rule.runs < 1 || rule.runs > kMaxTimedRuns) {
    return InvalidInput("runs: expected 1 to {}, got {}", kMaxTimedRuns, rule.runs);
  }
  for (const double seconds : {rule.warmup_seconds, rule.seconds}) {
    if (!(seconds >= 0 && seconds <= kMaxSeconds)) {
      return InvalidInput("seconds: expected 0 to {}, got {}", kMaxSeconds, seconds);
    }
  }
  return Status();
}

TimedRuns RunTimed(const RunRule& rule, FunctionRef<void()> run, FunctionRef<void()> before_timed,
                   SecondsClock now) {
  Loop loop(rule, run, now);
  TimedRuns result;
  loop.WarmUp(result);
  before_timed();
  loop.Measure(result);
  return result;
}

TimedRuns RunTimed(const RunRule& rule, FunctionRef<void()> run, FunctionRef<void()> before_timed) {
  return RunTimed(rule, run, before_timed, [] { return SteadySeconds(); });
}

std::vector<TimedRuns> RunInTurns(const RunRule& rule, std::span<const TimedRun> engines,
                                  FunctionRef<void()> pause, SecondsClock now) {
  std::vector<TimedRuns> results(engines.size());
  for (size_t i = 0; i < engines.size(); ++i) {
    pause();
    const auto run = [&] { engines[i](); };
    Loop(rule, run, now).WarmUp(results[i]);
  }
  const double end = now() + rule.seconds * static_cast<double>(engines.size());
  for (int64_t done = 0; done < rule.runs && (done < kMinRuns || now() < end);) {
    const int64_t runs = std::min(kTurnRuns, rule.runs - done);
    for (size_t i = 0; i < engines.size(); ++i) {
      pause();
      engines[i]();
      for (int64_t run = 0; run < runs; ++run) results[i].ms.push_back(engines[i]());
    }
    done += runs;
  }
  return results;
}

std::vector<TimedRuns> RunInTurns(const RunRule& rule, std::span<const TimedRun> engines,
                                  FunctionRef<void()> pause) {
  return RunInTurns(rule, engines, pause, [] { return SteadySeconds(); });
}

void RestBetweenTurns() { std::this_thread::sleep_for(kRest); }

}  // namespace segforge
