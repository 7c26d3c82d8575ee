// The central directory of a zip archive.
#pragma once

#include <vector>

#include "formats/zip.h"

namespace segforge {

// All entries in the directory's order. Every range lies inside the archive and before the directory, and no
// two overlap; names may still repeat.
Result<std::vector<ZipEntry>> ReadZipDirectory(std::span<const std::byte> archive);

}  // namespace segforge
