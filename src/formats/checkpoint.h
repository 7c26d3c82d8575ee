// A checkpoint, whatever its format: named tensors as the file holds them, and the bytes that they point
// into.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/tensor.h"

namespace segforge {

struct NamedTensor {
  std::string name;        // "backbone.block1.0.attn.q.weight"
  ConstTensorView tensor;  // dense and row-major, but perhaps not aligned to its element size
};

// Owns what its tensors view. Movable; names are unique and sorted.
struct Checkpoint {
  std::vector<NamedTensor> tensors;
  std::vector<std::shared_ptr<const void>> owned;             // mapped files and buffers
  std::vector<std::pair<std::string, std::string>> metadata;  // e.g. safetensors' __metadata__, sorted by key

  const ConstTensorView* Find(std::string_view name) const;
};

// Opens a file of any format known (safetensors, a safetensors index, torch zip, torch legacy), told by its
// first bytes. Errors start with the file's name.
Result<Checkpoint> OpenCheckpoint(const std::filesystem::path& path);

}  // namespace segforge
