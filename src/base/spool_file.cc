#include "base/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file.h"

namespace segforge {
namespace {

// Not every file system makes files without a name.
int OpenUnnamed(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return descriptor;
  std::string name = (folder / ".segforge.XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Result<SpoolFile> SpoolFile::Create(const std::filesystem::path& folder) {
  const int descriptor = OpenUnnamed(folder);
  if (descriptor < 0) return LastError("cannot create");
  return SpoolFile(descriptor);
}

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_bytes_(other.size_bytes_) {}

SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

SpoolFile::~SpoolFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status SpoolFile::WriteAt(int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return LastError("cannot write");
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
  size_bytes_ = std::max(size_bytes_, offset);
  return Status();
}

Status SpoolFile::CopyTo(const ByteSink& sink) const {
  std::vector<std::byte> piece(size_t{1} << 20);
  for (int64_t offset = 0; offset < size_bytes_;) {
    const ssize_t got = ::pread(descriptor_, piece.data(), piece.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return LastError("cannot read back");
    if (got == 0) return IoError("cannot read back: the temporary file was cut short");
    SEGFORGE_RETURN_IF_ERROR(sink(std::span(piece).first(static_cast<size_t>(got))));
    offset += got;
  }
  return Status();
}

}  // namespace segforge
