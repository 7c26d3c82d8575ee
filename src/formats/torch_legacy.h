// Checkpoints of torch before 1.6: five pickles in a row (magic number, protocol, system, the object, the
// storages' keys), then the storages.
#pragma once

#include "formats/checkpoint.h"

namespace segforge {

bool LooksLikePickle(std::span<const std::byte> bytes);

// Tensors view source.bytes, unless they are not row-major.
Result<Checkpoint> TorchLegacyFromBytes(const SharedBytes& source);

}  // namespace segforge
