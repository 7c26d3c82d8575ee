// A program that answers on its standard output what it is asked on its standard input.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace segforge {

// Its standard error is thrown away. It sees the end of its input when this is destroyed, or our process
// dies; the destructor waits for it.
class ChildProcess {
 public:
  // arguments[0] is looked for in $PATH. kIo when it cannot be started.
  static Result<ChildProcess> Start(const std::vector<std::string>& arguments);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  // kIo when it has ended.
  Status Send(const void* data, size_t bytes);
  Status Receive(void* data, size_t bytes);
  Result<std::string> ReceiveLine();  // without the newline; at most kMaxLine characters

  static constexpr size_t kMaxLine = 65536;

 private:
  ChildProcess(pid_t pid, int socket) : pid_(pid), socket_(socket) {}

  pid_t pid_;
  int socket_;
};

}  // namespace segforge
