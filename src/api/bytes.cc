#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "api/bytes.h"
#include "api/error.h"
#include "segforge/files.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = size_t{1} << 29;

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) Throw(IoError("{}: cannot open: {}", path, std::strerror(errno)));
  }
  ~OpenFile() { ::close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Status WriteTo(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return IoError("cannot write: {}", std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return Status();
}

void MakeParentFolder(const fs::path& path) {
  std::error_code error;
  const fs::path parent = path.parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) Throw(IoError("{}: cannot make the folder: {}", parent.string(), error.message()));
}

}  // namespace

FileBytes ReadBytes(const std::string& path) {
  if (path == "-") {
    Result<FileBytes> bytes = ReadAll(STDIN_FILENO, kMaxFileBytes);
    if (!bytes.ok()) Throw(bytes.status().Within("standard input"));
    return std::move(bytes).value();
  }
  const OpenFile file(path, O_RDONLY);
  Result<FileBytes> bytes = ReadAll(file.fd(), kMaxFileBytes);
  if (!bytes.ok()) Throw(bytes.status().Within(path));
  return std::move(bytes).value();
}

void WritePieces(const std::string& path, const std::function<Status(const ByteSink&)>& write) {
  const auto to = [](int fd) {
    return [fd](std::span<const std::byte> bytes) { return WriteTo(fd, bytes); };
  };
  if (path == "-") return ThrowIfError(write(to(STDOUT_FILENO)).Within("standard output"));
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_regular_file(path, error) && !fs::is_directory(path, error)) {
    const OpenFile file(path, O_WRONLY);
    return ThrowIfError(write(to(file.fd())).Within(path));
  }
  MakeParentFolder(path);
  // The file that a link leads to is replaced, not the link.
  const fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : fs::path(path);
  ThrowIfError(WriteFileAtomically(target, write).Within(path));
}

void WriteBytes(const std::string& path, const FileBytes& bytes) {
  WritePieces(path, [&bytes](const ByteSink& sink) { return sink(bytes); });
}

}  // namespace segforge
