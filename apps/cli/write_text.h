#pragma once

#include <string>

namespace segforge::cli {

// A whole text file, or standard output for "-"; an interrupt waits until it is written. Throws Error.
void WriteText(const std::string& path, const std::string& text);

}  // namespace segforge::cli
