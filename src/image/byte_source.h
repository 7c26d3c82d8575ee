// Where a decoder's bytes come from: memory, or a file that is read as it goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>

#include "base/status.h"

namespace segforge {

class ByteSource {
 public:
  explicit ByteSource(std::span<const std::byte> bytes) : bytes_(bytes) {}  // that outlive it
  // A regular file; errors do not repeat the path.
  static Result<ByteSource> Open(const std::filesystem::path& path);

  std::FILE* file() const {
    return file_.get();
  }  // at its beginning until a decoder reads it; null for memory
  std::span<const std::byte> bytes() const { return bytes_; }  // of memory

  // How many bytes from `offset` on went to `out`: fewer than it holds at the end. Leaves file() where it is.
  size_t ReadAt(int64_t offset, std::span<std::byte> out) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::span<const std::byte> bytes_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace segforge
