// A reader of zip archives (stored and deflated entries, zip64) that trusts nothing: the central directory is
// checked whole before any entry is read.
#pragma once

#include <string_view>
#include <vector>

#include "formats/shared_bytes.h"

namespace segforge {

struct ZipEntry {
  std::string_view name;                  // points into the archive
  std::span<const std::byte> compressed;  // the entry's bytes as they lie in the archive
  uint64_t bytes = 0;                     // when inflated
  uint32_t crc = 0;
  bool deflated = false;
};

bool LooksLikeZip(std::span<const std::byte> bytes);

class ZipArchive {
 public:
  // Fails on encryption, several disks, other compressions, entries that overlap or have the same name, and
  // on declared sizes that no honest archive has.
  static Result<ZipArchive> FromBytes(const SharedBytes& source);

  const std::vector<ZipEntry>& entries() const { return entries_; }  // sorted by name
  const ZipEntry* Find(std::string_view name) const;                 // null where there is none

  // The entry's bytes: a view of the archive where it is stored, else a buffer of its own, 64-byte aligned.
  // Fails when they do not have the declared size and checksum. Errors start with the entry's name.
  Result<SharedBytes> Read(const ZipEntry& entry) const;

 private:
  SharedBytes source_;
  std::vector<ZipEntry> entries_;
};

}  // namespace segforge
