#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace segforge {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status WriteAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return LastError("cannot write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return Status();
}

}  // namespace

Status LastError(const char* what) { return IoError("{}: {}", what, std::strerror(errno)); }

Result<MappedFile> MappedFile::Open(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return LastError("cannot open");
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return LastError("cannot stat");
  if (!S_ISREG(info.st_mode)) return InvalidInput("not a regular file");
  if (info.st_size == 0) return MappedFile(std::span<const std::byte>());
  void* data = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return LastError("cannot map");
  return MappedFile(std::span(static_cast<const std::byte*>(data), static_cast<size_t>(info.st_size)));
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<std::vector<std::byte>> ReadAll(int file_descriptor, size_t max_bytes) {
  std::vector<std::byte> bytes;
  size_t used = 0;
  while (true) {
    if (used == bytes.size()) bytes.resize(std::max<size_t>(size_t{1} << 16, bytes.size() * 2));
    const ssize_t got = ::read(file_descriptor, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return LastError("cannot read");
    if (got == 0) break;
    used += static_cast<size_t>(got);
    if (used > max_bytes) return InvalidInput("more than {} bytes", max_bytes);
  }
  bytes.resize(used);
  return bytes;
}

Result<ReplacementFile> ReplacementFile::Create(const std::filesystem::path& path) {
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return LastError("cannot create");
  return ReplacementFile(path, std::move(temporary), descriptor);
}

ReplacementFile::ReplacementFile(ReplacementFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

ReplacementFile& ReplacementFile::operator=(ReplacementFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

ReplacementFile::~ReplacementFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

Status ReplacementFile::Commit() {
  if (::fsync(descriptor_) != 0 && errno != EINVAL) return LastError("cannot flush");
  if (::fchmod(descriptor_, 0644) != 0) return LastError("cannot set permissions");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return LastError("cannot rename");
  ::close(std::exchange(descriptor_, -1));
  return Status();
}

Status WriteFileAtomically(const std::filesystem::path& path,
                           const std::function<Status(const ByteSink&)>& write) {
  SEGFORGE_ASSIGN_OR_RETURN(ReplacementFile file, ReplacementFile::Create(path));
  SEGFORGE_RETURN_IF_ERROR(
      write([&](std::span<const std::byte> bytes) { return WriteAll(file.descriptor(), bytes); }));
  return file.Commit();
}

Status WriteFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  return WriteFileAtomically(path, [bytes](const ByteSink& sink) { return sink(bytes); });
}

}  // namespace segforge
