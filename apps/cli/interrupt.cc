#include "interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace segforge::cli {
namespace {

// A signal handler has no context to be passed, so this state is global; lock-free, as handlers need.
std::atomic<int> writes_under_way = 0;
std::atomic<int> pending_signal = 0;
std::atomic<bool> is_request = false;  // an InterruptRequest lives

void DieOf(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// The signal is stored first and the writes are looked at second; a write's end does it the other way round,
// so one of the two sees the other.
void OnSignal(int signal) {
  const bool again = pending_signal.exchange(signal) != 0;
  if (is_request.load() && !again) return;
  if (writes_under_way.load() == 0) DieOf(signal);
}

void EndWrite() {
  if (--writes_under_way == 0 && pending_signal.load() != 0) DieOf(pending_signal.load());
}

}  // namespace

void HandleInterrupts() {
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGXFSZ, SIG_IGN);  // a file limit that is met is an error of write(), with its message
}

// Once interrupted, no thread begins another write: the others' last one ends the program.
UninterruptedWrite::UninterruptedWrite() {
  ++writes_under_way;
  if (pending_signal.load() == 0) return;
  EndWrite();
  while (true) pause();
}

UninterruptedWrite::~UninterruptedWrite() { EndWrite(); }

void WriteUninterrupted(const std::function<void()>& write) {
  const UninterruptedWrite guard;
  write();
}

InterruptRequest::InterruptRequest() { is_request.store(true); }

InterruptRequest::~InterruptRequest() {
  is_request.store(false);
  if (came()) DieOf(pending_signal.load());
}

bool InterruptRequest::came() const { return pending_signal.load() != 0; }

void InterruptRequest::Grant() { pending_signal.store(0); }

}  // namespace segforge::cli
