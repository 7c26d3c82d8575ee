// Ctrl-C ends the program at once, but never in the middle of writing a file.
#pragma once

#include <functional>

namespace segforge::cli {

void HandleInterrupts();  // SIGINT, SIGTERM, SIGXFSZ; call once, before any thread is started

// While one lives, an interrupt waits until the last is gone.
class UninterruptedWrite {
 public:
  UninterruptedWrite();
  ~UninterruptedWrite();
  UninterruptedWrite(const UninterruptedWrite&) = delete;
  UninterruptedWrite& operator=(const UninterruptedWrite&) = delete;
};

void WriteUninterrupted(const std::function<void()>& write);  // calls it while one lives

// While one lives, an interrupt is a request that its owner looks for; a second one ends the program at once.
class InterruptRequest {
 public:
  InterruptRequest();
  ~InterruptRequest();  // ends the program by the signal, unless none came or it was granted
  InterruptRequest(const InterruptRequest&) = delete;
  InterruptRequest& operator=(const InterruptRequest&) = delete;

  bool came() const;
  void Grant();  // what was asked for was an end, and this is it: the program goes on
};

}  // namespace segforge::cli
