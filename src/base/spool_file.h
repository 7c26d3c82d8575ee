// A file without a name: gone when it is closed, whatever ends the program.
#pragma once

#include <filesystem>

#include "base/file.h"

namespace segforge {

// Movable. For one thread at a time.
class SpoolFile {
 public:
  static Result<SpoolFile> Create(const std::filesystem::path& folder);  // on the disk that has this folder

  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&& other) noexcept;
  ~SpoolFile();

  // Bytes that are left out read as 0.
  Status WriteAt(int64_t offset, std::span<const std::byte> bytes);
  Status Append(std::span<const std::byte> bytes) { return WriteAt(size_bytes_, bytes); }
  Status CopyTo(const ByteSink& sink) const;  // from the beginning, in pieces

 private:
  explicit SpoolFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
  int64_t size_bytes_ = 0;
};

}  // namespace segforge
