// Touches every byte that a checkpoint says it views, so that the address sanitizer sees a wrong one.
#pragma once

#include "formats/checkpoint.h"

namespace segforge {

inline void ReadAll(const Result<Checkpoint>& checkpoint) {
  if (!checkpoint.ok()) {
    if (checkpoint.status().message().find('\n') != std::string::npos) __builtin_trap();
    return;
  }
  volatile uint8_t sum = 0;
  for (const NamedTensor& tensor : checkpoint->tensors) {
    const auto* bytes = static_cast<const uint8_t*>(tensor.tensor.data);
    for (size_t i = 0; i < tensor.tensor.bytes(); ++i) sum = static_cast<uint8_t>(sum + bytes[i]);
  }
}

}  // namespace segforge
