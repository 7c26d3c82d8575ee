// Ctrl-C ends the program at once, but never in the middle of writing a file.
#pragma once

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

}  // namespace segforge::cli
