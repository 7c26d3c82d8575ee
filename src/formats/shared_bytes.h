// Bytes and what keeps them alive: a mapped file, an inflated zip entry, or nothing where the caller does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/tensor.h"

namespace segforge {

struct SharedBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // may be null: then the bytes outlive the reader's result by contract
};

// Memory of a size that a file asks for. kOutOfMemory, naming `what`, when the machine has not that much
// left.
Result<std::shared_ptr<AlignedBuffer>> AllocateChecked(uint64_t bytes, std::string_view what);

}  // namespace segforge
