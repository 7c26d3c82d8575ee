// Checkpoints of torch 1.6 and later: a zip archive of a pickle and one entry a storage.
#pragma once

#include "formats/checkpoint.h"
#include "formats/zip.h"

namespace segforge {

// Tensors view source.bytes where the archive stores them, as torch does, and they are row-major.
Result<Checkpoint> TorchZipFromBytes(const SharedBytes& source);

}  // namespace segforge
