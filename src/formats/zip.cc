#include "formats/zip.h"

#include <zlib.h>

#include <algorithm>

#include "base/byte_reader.h"
#include "formats/printable.h"
#include "formats/zip_directory.h"

namespace segforge {
namespace {

constexpr uint64_t kMaxDeflateRatio = 1032;  // what deflate reaches on zeros: a higher claim is a lie
// All entries together; weights hardly deflate, label maps do by a hundred, bombs by a thousand.
constexpr uint64_t kMaxArchiveRatio = 100;
constexpr uint64_t kAlwaysAllowedEntryBytes = uint64_t{256} << 20;

Status CheckSizes(const std::vector<ZipEntry>& entries, uint64_t archive_bytes) {
  const uint64_t limit = kAlwaysAllowedEntryBytes + kMaxArchiveRatio * archive_bytes;
  uint64_t inflated = 0;
  for (const ZipEntry& entry : entries) {
    const uint64_t compressed = entry.compressed.size();
    if (!entry.deflated && entry.bytes != compressed) {
      return InvalidInput("\"{}\" is stored, but has {} bytes of {}", Printable(entry.name), compressed,
                          entry.bytes);
    }
    if (!entry.deflated) continue;
    if (entry.bytes / kMaxDeflateRatio > compressed) {
      return InvalidInput("\"{}\" claims to inflate from {} to {} bytes: a zip bomb?", Printable(entry.name),
                          compressed, entry.bytes);
    }
    inflated += entry.bytes;  // at most 1032 times the archive: cannot overflow
    if (inflated > limit)
      return InvalidInput("entries inflate to more than {} MiB: a zip bomb?", limit >> 20);
  }
  return Status();
}

class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, -MAX_WBITS) == Z_OK; }  // negative: no zlib header
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // True when `source` holds one deflate stream that fills `target` exactly.
  bool Run(std::span<const std::byte> source, std::span<std::byte> target) {
    if (!ready_) return false;
    Bytef none = 0;  // zlib refuses a null pointer even for no bytes
    stream_.next_out = target.empty() ? &none : reinterpret_cast<Bytef*>(target.data());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(source.data()));
    size_t source_left = source.size();
    size_t target_left = target.size();
    int code = Z_OK;
    while (code == Z_OK) {
      stream_.avail_in = Chunk(source_left);
      stream_.avail_out = Chunk(target_left);
      const size_t offered_in = stream_.avail_in;
      const size_t offered_out = stream_.avail_out;
      code = inflate(&stream_, Z_NO_FLUSH);
      source_left -= offered_in - stream_.avail_in;
      target_left -= offered_out - stream_.avail_out;
    }
    return code == Z_STREAM_END && source_left == 0 && target_left == 0;
  }

 private:
  // zlib counts in 32 bits.
  static uInt Chunk(size_t bytes) { return static_cast<uInt>(std::min<size_t>(bytes, size_t{1} << 30)); }

  z_stream stream_ = {};
  bool ready_ = false;
};

uint32_t Crc(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Result<SharedBytes> ReadContent(const ZipEntry& entry, const SharedBytes& source) {
  if (!entry.deflated) return SharedBytes{entry.compressed, source.owner};
  SEGFORGE_ASSIGN_OR_RETURN(const auto buffer, AllocateChecked(entry.bytes, "inflating"));
  const std::span<std::byte> target(buffer->data(), buffer->bytes());
  if (!Inflater().Run(entry.compressed, target))
    return InvalidInput("does not inflate to its {} bytes: damaged", entry.bytes);
  return SharedBytes{target, buffer};
}

}  // namespace

bool LooksLikeZip(std::span<const std::byte> bytes) {
  const std::string_view text = AsText(bytes);
  return text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06");  // the latter holds no entries
}

Result<ZipArchive> ZipArchive::FromBytes(const SharedBytes& source) {
  ZipArchive archive;
  archive.source_ = source;
  SEGFORGE_ASSIGN_OR_RETURN(archive.entries_, ReadZipDirectory(source.bytes));
  std::ranges::sort(archive.entries_, {}, &ZipEntry::name);
  const auto twice = std::ranges::adjacent_find(archive.entries_, {}, &ZipEntry::name);
  if (twice != archive.entries_.end())
    return InvalidInput("zip entry \"{}\" occurs twice", Printable(twice->name));
  SEGFORGE_RETURN_IF_ERROR(CheckSizes(archive.entries_, source.bytes.size()));
  return archive;
}

const ZipEntry* ZipArchive::Find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(entries_, name, {}, &ZipEntry::name);
  return found != entries_.end() && found->name == name ? &*found : nullptr;
}

Result<SharedBytes> ZipArchive::Read(const ZipEntry& entry) const {
  auto content = ReadContent(entry, source_);
  if (content.ok() && Crc(content->bytes) != entry.crc) content = InvalidInput("checksum differs: damaged");
  if (!content.ok()) return content.status().Within(Printable(entry.name));
  return content;
}

}  // namespace segforge
