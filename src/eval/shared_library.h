// Libraries that are loaded at run time, where they are installed.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace segforge {

// $VARIABLE's library, or else the first of `usual` that the loader finds. It stays loaded: its threads may
// outlive whatever used it. kUnsupported, with what to do, where there is none.
Result<void*> LoadLibrary(const char* engine, const char* variable, std::span<const char* const> usual);

// What an engine said over any number of lines: the last, which is the nearest to the cause.
std::string LastLine(std::string_view message);

}  // namespace segforge
