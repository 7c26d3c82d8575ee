// JSON from untrusted files.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>

#include "base/status.h"

namespace segforge {

// Parses `bytes` as one JSON document. Fails on malformed text, on nesting deeper than 32, on an object with
// a key twice, and where the document might not fit in memory.
Result<nlohmann::json> ParseJson(std::span<const std::byte> bytes);

}  // namespace segforge
