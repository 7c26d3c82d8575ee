// SEGFORGE_CHECK guards against our own bugs, never against input: it prints the condition and aborts.
#pragma once

namespace segforge {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace segforge

#define SEGFORGE_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::segforge::CheckFailed(#condition, __FILE__, __LINE__))
