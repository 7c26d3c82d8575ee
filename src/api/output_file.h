// What the functions share that make one file from another.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace segforge {

// `what` is the output: "the engine file".
inline Status CheckKeepsInput(const std::filesystem::path& input, const std::string& output,
                              std::string_view what) {
  std::error_code missing;
  if (!std::filesystem::equivalent(input, output, missing)) return Status();
  return InvalidInput("{}: {} would replace what it is made from", output, what);
}

// `around` as the options of these functions have it.
inline void WriteWithin(const std::function<void(const std::function<void()>& write)>& around,
                        const std::function<void()>& write) {
  if (around) {
    around(write);
  } else {
    write();
  }
}

}  // namespace segforge
