// How users name nodes.
#pragma once

#include <string>
#include <vector>

namespace segforge {

// Whether the pattern is the name, with * and ? as in file names, or begins it, up to a dot.
bool Fits(const std::string& pattern, const std::string& name);
bool FitsAny(const std::vector<std::string>& patterns, const std::string& name);

}  // namespace segforge
