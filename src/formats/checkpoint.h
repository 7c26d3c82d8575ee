// A checkpoint, whatever its format: named tensors as the file holds them, and the bytes that they point
// into.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/tensor.h"
#include "formats/shared_bytes.h"

namespace segforge {

struct NamedTensor {
  std::string name;        // "backbone.block1.0.attn.q.weight": UTF-8 without control characters
  ConstTensorView tensor;  // dense and row-major, but perhaps not aligned to its element size
};

// Owns what its tensors view. Movable; names are unique and sorted.
struct Checkpoint {
  std::vector<NamedTensor> tensors;
  std::vector<std::shared_ptr<const void>> owned;             // mapped files and buffers
  std::vector<std::pair<std::string, std::string>> metadata;  // e.g. safetensors' __metadata__, sorted by key

  const ConstTensorView* Find(std::string_view name) const;  // null where there is none
};

// Sorts tensors and metadata. Fails when a tensor's name occurs twice or is not fit to be printed.
Status SortAndCheckNames(Checkpoint& checkpoint);

// Opens a file of any format known (safetensors, torch zip, torch legacy, or the JSON index of a checkpoint
// in several such files), told by its first bytes. Errors start with the file's name.
Result<Checkpoint> OpenCheckpoint(const std::filesystem::path& path);

// The same from bytes in memory, but for the index. Tensors view the bytes, which `source.owner` keeps alive.
Result<Checkpoint> CheckpointFromBytes(const SharedBytes& source);

}  // namespace segforge
