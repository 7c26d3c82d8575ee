#include "image/byte_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace segforge {

Result<ByteSource> ByteSource::Open(const std::filesystem::path& path) {
  ByteSource source{std::span<const std::byte>()};
  source.file_.reset(std::fopen(path.c_str(), "rbe"));
  if (source.file_ == nullptr) return IoError("cannot open: {}", std::strerror(errno));
  struct stat info = {};
  if (::fstat(::fileno(source.file()), &info) != 0) return IoError("cannot stat: {}", std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return InvalidInput("not a regular file");
  return source;
}

size_t ByteSource::ReadAt(int64_t offset, std::span<std::byte> out) const {
  if (file_ == nullptr) {
    const auto begin = std::min(static_cast<size_t>(offset), bytes_.size());
    const size_t count = std::min(out.size(), bytes_.size() - begin);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(begin), count, out.begin());
    return count;
  }
  ssize_t got = -1;
  do {
    got = ::pread(::fileno(file()), out.data(), out.size(), offset);
  } while (got < 0 && errno == EINTR);
  return got < 0 ? 0 : static_cast<size_t>(got);
}

}  // namespace segforge
