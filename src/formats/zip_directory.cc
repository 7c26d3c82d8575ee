// Numbers in comments are sections of PKWARE's APPNOTE.TXT 6.3.10.
#include "formats/zip_directory.h"

#include <algorithm>
#include <optional>

#include "base/byte_reader.h"
#include "formats/printable.h"

namespace segforge {
namespace {

constexpr uint32_t kLocalMagic = 0x04034b50;
constexpr uint32_t kEntryMagic = 0x02014b50;
constexpr uint32_t kEndMagic = 0x06054b50;
constexpr uint32_t kEnd64Magic = 0x06064b50;
constexpr uint32_t kLocator64Magic = 0x07064b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kLocator64Bytes = 20;
constexpr size_t kEntryBytes = 46;
constexpr size_t kLocalBytes = 30;
constexpr size_t kMaxCommentBytes = 65535;
constexpr uint64_t kMaxEntries = 1'000'000;
constexpr uint16_t kZip64Extra = 1;
constexpr uint16_t kEncrypted = 1u << 0;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;

// 4.3.16 and 4.3.14: where the directory lies
struct DirectoryPlace {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  uint64_t offset = 0;
};

// A value in the bytes at `offset`, which the caller has checked to be there.
template <typename T>
T ValueAt(std::span<const std::byte> bytes, size_t offset) {
  T value;
  SEGFORGE_CHECK(offset + sizeof(T) <= bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The end record is the last thing in the archive but for a comment, whose length it tells.
std::optional<size_t> FindEnd(std::span<const std::byte> archive) {
  for (size_t comment = 0; comment <= kMaxCommentBytes && kEndBytes + comment <= archive.size(); ++comment) {
    const size_t at = archive.size() - kEndBytes - comment;
    if (ValueAt<uint32_t>(archive, at) == kEndMagic && ValueAt<uint16_t>(archive, at + 20) == comment)
      return at;
  }
  return std::nullopt;
}

// 4.3.15: present before the end record where 16 or 32 bits were too few, and in every archive that torch
// writes
Result<DirectoryPlace> ReadEnd64(std::span<const std::byte> archive, size_t locator) {
  const auto end64 = ValueAt<uint64_t>(archive, locator + 8);
  if (end64 > locator || locator - end64 < 56)
    return InvalidInput("zip64 end record lies outside the archive");
  const auto at = static_cast<size_t>(end64);
  if (ValueAt<uint32_t>(archive, at) != kEnd64Magic) return InvalidInput("zip64 end record is damaged");
  if (ValueAt<uint32_t>(archive, at + 16) != 0 || ValueAt<uint32_t>(archive, at + 20) != 0)
    return Unsupported("zip archives of several disks are not supported");
  return DirectoryPlace{ValueAt<uint64_t>(archive, at + 32), ValueAt<uint64_t>(archive, at + 40),
                        ValueAt<uint64_t>(archive, at + 48)};
}

Result<DirectoryPlace> FindDirectory(std::span<const std::byte> archive) {
  const auto end = FindEnd(archive);
  if (!end) return InvalidInput("zip archive without an end record: truncated?");
  if (ValueAt<uint16_t>(archive, *end + 4) != 0 || ValueAt<uint16_t>(archive, *end + 6) != 0)
    return Unsupported("zip archives of several disks are not supported");
  DirectoryPlace place = {ValueAt<uint16_t>(archive, *end + 10), ValueAt<uint32_t>(archive, *end + 12),
                          ValueAt<uint32_t>(archive, *end + 16)};
  size_t limit = *end;
  if (*end >= kLocator64Bytes && ValueAt<uint32_t>(archive, *end - kLocator64Bytes) == kLocator64Magic) {
    limit = *end - kLocator64Bytes;
    SEGFORGE_ASSIGN_OR_RETURN(place, ReadEnd64(archive, limit));
  }
  if (place.offset > limit || place.bytes > limit - place.offset)
    return InvalidInput("zip directory ({} bytes at {}) lies outside the archive", place.bytes, place.offset);
  if (place.entries > kMaxEntries || place.entries > place.bytes / kEntryBytes)
    return InvalidInput("zip directory of {} bytes cannot hold {} entries", place.bytes, place.entries);
  return place;
}

// 4.5.3: the 64-bit field holds, in this order, those of the sizes and the offset that are all ones in 32
// bits
Status WidenFromExtra(ByteReader extra, uint64_t& bytes, uint64_t& compressed, uint64_t& offset) {
  const auto is_wide = [](uint64_t value) { return value == UINT32_MAX; };
  while (extra.left() >= 4) {
    SEGFORGE_ASSIGN_OR_RETURN(const auto id, extra.Read<uint16_t>());
    SEGFORGE_ASSIGN_OR_RETURN(const auto size, extra.Read<uint16_t>());
    SEGFORGE_ASSIGN_OR_RETURN(const auto content, extra.Take(size));
    if (id != kZip64Extra) continue;
    ByteReader field(content);
    for (uint64_t* value : {&bytes, &compressed, &offset}) {
      if (!is_wide(*value)) continue;
      SEGFORGE_ASSIGN_OR_RETURN(*value, field.Read<uint64_t>());
    }
    return Status();
  }
  if (is_wide(bytes) || is_wide(compressed) || is_wide(offset))
    return InvalidInput("zip64 sizes are missing");
  return Status();
}

// 4.3.7: the bytes behind the entry's local header, which must agree on the name. `body` ends at the
// directory.
Result<std::span<const std::byte>> FindContent(std::span<const std::byte> body, uint64_t offset,
                                               uint64_t compressed, std::string_view name) {
  ByteReader reader(body);
  SEGFORGE_RETURN_IF_ERROR(reader.Seek(static_cast<size_t>(offset)));
  SEGFORGE_ASSIGN_OR_RETURN(const auto header, reader.Take(kLocalBytes));
  if (ValueAt<uint32_t>(header, 0) != kLocalMagic) return InvalidInput("no local header at {}", offset);
  SEGFORGE_ASSIGN_OR_RETURN(const auto local_name, reader.Take(ValueAt<uint16_t>(header, 26)));
  if (AsText(local_name) != name)
    return InvalidInput("is called \"{}\" in its local header", Printable(AsText(local_name)));
  SEGFORGE_RETURN_IF_ERROR(reader.Take(ValueAt<uint16_t>(header, 28)).status());
  return reader.Take(static_cast<size_t>(compressed));
}

struct Extent {
  const std::byte* begin;
  const std::byte* end;
  std::string_view name;
};

// 4.3.12. `extent` gets the bytes from the local header to the content's end.
Result<ZipEntry> ReadEntry(ByteReader& directory, std::span<const std::byte> body, Extent& extent) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto header, directory.Take(kEntryBytes));
  if (ValueAt<uint32_t>(header, 0) != kEntryMagic) return InvalidInput("zip directory is damaged");
  ZipEntry entry;
  SEGFORGE_ASSIGN_OR_RETURN(const auto name, directory.Take(ValueAt<uint16_t>(header, 28)));
  SEGFORGE_ASSIGN_OR_RETURN(const auto extra, directory.Take(ValueAt<uint16_t>(header, 30)));
  SEGFORGE_RETURN_IF_ERROR(directory.Take(ValueAt<uint16_t>(header, 32)).status());
  entry.name = AsText(name);
  entry.crc = ValueAt<uint32_t>(header, 16);
  entry.bytes = ValueAt<uint32_t>(header, 24);
  uint64_t compressed = ValueAt<uint32_t>(header, 20);
  uint64_t offset = ValueAt<uint32_t>(header, 42);
  const auto method = ValueAt<uint16_t>(header, 10);
  const auto context = fmt::format("\"{}\"", Printable(entry.name));
  SEGFORGE_RETURN_IF_ERROR(
      WidenFromExtra(ByteReader(extra), entry.bytes, compressed, offset).Within(context));
  if ((ValueAt<uint16_t>(header, 8) & kEncrypted) != 0) return Unsupported("{} is encrypted", context);
  if (method != kStored && method != kDeflated)
    return Unsupported("{} is compressed by method {}, expected stored (0) or deflate (8)", context, method);
  entry.deflated = method == kDeflated;
  auto content = FindContent(body, offset, compressed, entry.name);
  if (!content.ok()) return content.status().Within(context);
  entry.compressed = *content;
  extent = {body.data() + offset, entry.compressed.data() + entry.compressed.size(), entry.name};
  return entry;
}

Status CheckOverlaps(std::vector<Extent>& extents) {
  std::ranges::sort(extents, {}, &Extent::begin);
  for (size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].begin < extents[i - 1].end) {
      return InvalidInput("zip entries \"{}\" and \"{}\" overlap", Printable(extents[i - 1].name),
                          Printable(extents[i].name));
    }
  }
  return Status();
}

}  // namespace

Result<std::vector<ZipEntry>> ReadZipDirectory(std::span<const std::byte> archive) {
  SEGFORGE_ASSIGN_OR_RETURN(const DirectoryPlace place, FindDirectory(archive));
  const auto offset = static_cast<size_t>(place.offset);
  ByteReader directory(archive.subspan(offset, static_cast<size_t>(place.bytes)));
  std::vector<ZipEntry> entries;
  std::vector<Extent> extents(static_cast<size_t>(place.entries));
  for (Extent& extent : extents) {
    SEGFORGE_ASSIGN_OR_RETURN(ZipEntry entry, ReadEntry(directory, archive.first(offset), extent));
    entries.push_back(entry);
  }
  SEGFORGE_RETURN_IF_ERROR(CheckOverlaps(extents));
  return entries;
}

}  // namespace segforge
