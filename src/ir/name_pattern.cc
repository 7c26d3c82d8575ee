#include "ir/name_pattern.h"

#include <fnmatch.h>

#include <algorithm>

namespace segforge {

bool Fits(const std::string& pattern, const std::string& name) {
  const bool begins = name.starts_with(pattern) && name[pattern.size()] == '.';
  return begins || fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool FitsAny(const std::vector<std::string>& patterns, const std::string& name) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return Fits(pattern, name); });
}

}  // namespace segforge
