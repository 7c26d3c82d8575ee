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

// "WHAT: the reason that errno gives".
Status LastError(const char* what);

// The whole of a stream such as standard input; fails past max_bytes.
Result<std::vector<std::byte>> ReadAll(int file_descriptor, size_t max_bytes);

// A file that is written beside `path` and takes its place when it is complete: until then path is as it was.
// Without Commit() the temporary file is removed. Movable. Errors do not repeat the path.
class ReplacementFile {
 public:
  static Result<ReplacementFile> Create(const std::filesystem::path& path);

  ReplacementFile(ReplacementFile&& other) noexcept;
  ReplacementFile& operator=(ReplacementFile&& other) noexcept;
  ~ReplacementFile();

  int descriptor() const { return descriptor_; }
  const std::string& temporary_path() const { return temporary_; }
  Status Commit();  // flushes to the disk, then renames

 private:
  ReplacementFile(std::filesystem::path path, std::string temporary, int descriptor)
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  std::string temporary_;
  int descriptor_ = -1;  // -1 when moved from or committed
};

using ByteSink = std::function<Status(std::span<const std::byte>)>;  // takes a file's next bytes

// A ReplacementFile of what `write` gives, or of these bytes.
Status WriteFileAtomically(const std::filesystem::path& path,
                           const std::function<Status(const ByteSink&)>& write);
Status WriteFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace segforge
