// Libraries that are loaded at run time, where they are installed.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace segforge {

// $VARIABLE's library, or else the first of `usual` that the loader finds. It stays loaded: its threads may
// outlive whatever used it. kUnsupported, with what to do, where there is none.
Result<void*> LoadLibrary(const char* engine, const char* variable, std::span<const char* const> usual);

// What an engine said, over any number of lines, in one: the last, which is the nearest to the cause.
std::string LastLine(std::string_view message);

template <typename Run>
double TimedMs(const Run& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace segforge
