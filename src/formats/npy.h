// numpy's .npy files and .npz archives of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/checkpoint.h"

namespace segforge {

// One array, format versions 1 to 3, little-endian; views source.bytes, but for Fortran order, which is
// copied to row-major. The tensor's name is `name`.
Result<Checkpoint> NpyFromBytes(const SharedBytes& source, std::string name);

// All arrays of an archive, each named as its entry without ".npy".
Result<Checkpoint> NpzFromBytes(const SharedBytes& source);

// A .npy or .npz file, told by its first bytes; a lone array is called "array". Errors start with the file's
// name.
Result<Checkpoint> OpenNpy(const std::filesystem::path& path);

// The bytes of a version 1.0 .npy file. Any type but bf16, for which numpy has no name.
// NpyStart: what precedes the array's own bytes, which are row-major.
std::vector<std::byte> EncodeNpy(const ConstTensorView& tensor);
std::vector<std::byte> NpyStart(DType dtype, const Shape& shape);

}  // namespace segforge
