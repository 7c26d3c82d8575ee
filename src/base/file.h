// Files: mapped for reading; written beside the target and renamed, so that nobody ever sees half of one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace segforge {

// A read-only mapping of a whole file; the bytes live as long as the object. Movable.
class MappedFile {
 public:
  static Result<MappedFile> Open(
      const std::filesystem::path& path);  // errors do not repeat the path: use Within()

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

// The whole of a stream such as standard input; fails past max_bytes.
Result<std::vector<std::byte>> ReadAll(int file_descriptor, size_t max_bytes);

using ByteSink = std::function<Status(std::span<const std::byte>)>;  // takes a file's next bytes

// Writes what `write` gives to a temporary file in path's folder, flushes, then renames it over path. On any
// error path is left as it was and the temporary file is removed.
Status WriteFileAtomically(const std::filesystem::path& path,
                           const std::function<Status(const ByteSink&)>& write);
Status WriteFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace segforge
