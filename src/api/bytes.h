// What writes a result's bytes where it belongs.
#pragma once

#include <functional>
#include <string>

#include "base/file.h"

namespace segforge {

// WriteBytes() of what `write` gives to its sink, which need not be in memory at once.
void WritePieces(const std::string& path, const std::function<Status(const ByteSink&)>& write);

}  // namespace segforge
