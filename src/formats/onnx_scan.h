// What an ONNX file would take in memory, found before anything is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"

namespace segforge {

// An upper bound of the bytes that the parsed file takes. Walks the fields' tags and lengths only. Fails on
// what is no ONNX file, and on graphs inside of nodes (If, Loop, Scan) more than 16 deep.
Result<int64_t> ScanOnnx(std::span<const std::byte> bytes);

}  // namespace segforge
