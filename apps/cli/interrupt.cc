#include "interrupt.h"

#include <atomic>
#include <csignal>

namespace segforge::cli {
namespace {

// A signal handler has no context to be passed, so this state is global; lock-free, as handlers need.
std::atomic<int> writes_under_way = 0;
std::atomic<int> pending_signal = 0;

void DieOf(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void OnSignal(int signal) {
  if (writes_under_way.load() > 0) {
    pending_signal.store(signal);
  } else {
    DieOf(signal);
  }
}

}  // namespace

void HandleInterrupts() {
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGXFSZ, SIG_IGN);  // a file limit that is met is an error of write(), with its message
}

UninterruptedWrite::UninterruptedWrite() { ++writes_under_way; }

UninterruptedWrite::~UninterruptedWrite() {
  if (--writes_under_way == 0 && pending_signal.load() != 0) DieOf(pending_signal.load());
}

}  // namespace segforge::cli
