// safetensors: 8 bytes of header length, a JSON header, then the tensors' bytes.
#pragma once

#include <filesystem>

#include "formats/checkpoint.h"

namespace segforge {

// True when the first bytes look like a safetensors header.
bool LooksLikeSafetensors(std::span<const std::byte> bytes);

// Tensors view source.bytes. Fails on a malformed header, on unknown types, and on ranges that are out of
// bounds, overlap, or disagree with type and shape.
Result<Checkpoint> SafetensorsFromBytes(const SharedBytes& source);

}  // namespace segforge
