// Any bytes as a zip archive: each entry inflates to its declared size or is an error.
#include <cstdint>

#include "formats/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  const auto archive = ZipArchive::FromBytes({std::as_bytes(std::span(data, size)), nullptr});
  if (!archive.ok()) return 0;
  for (const ZipEntry& entry : archive->entries()) {
    const auto content = archive->Read(entry);
    if (content.ok() && content->bytes.size() != entry.bytes) __builtin_trap();
  }
  return 0;
}
