// From tensors in a torch pickle to tensors in a Checkpoint.
#pragma once

#include "formats/checkpoint.h"
#include "formats/torch_tree.h"

namespace segforge {

// Gives the bytes of a storage, at least elems * SizeOf(dtype); asked once for each key.
class StorageReader {
 public:
  virtual ~StorageReader() = default;
  virtual Result<SharedBytes> Read(const TorchStorage& storage) = 0;
};

// Finds the weights in `pickle` and views them in their storages; a tensor that is not row-major is copied.
// `file_bytes` bounds what all copies may take together. Errors name the tensor.
Result<Checkpoint> CheckpointFromPickle(const Pickle& pickle, StorageReader& storages, size_t file_bytes);

}  // namespace segforge
