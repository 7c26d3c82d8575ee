#pragma once

#include <string>

#include "segforge/files.h"

namespace segforge::cli {

// WriteBytes(), which an interrupt does not cut short.
void WriteFile(const std::string& path, const FileBytes& bytes);
void WriteFile(const std::string& path, const std::string& text);

}  // namespace segforge::cli
