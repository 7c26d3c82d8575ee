// What was measured of this machine, kept between runs as JSON.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/status.h"
#include "segforge/measure.h"

namespace segforge {

// $XDG_CACHE_HOME/segforge/NAME, or ~/.cache/...; empty when neither variable is set to an absolute path.
std::filesystem::path CacheFile(const char* name);
std::filesystem::path CeilingsFile();  // the cache file ceilings.json

// What an entry holds for: a change of any of these makes it another machine.
struct CeilingsKey {
  std::string processor;
  std::string target;
  std::string version;
  int threads = 0;
};

// Nothing when the file is missing or broken, has no such entry, or one with numbers that cannot be.
std::optional<Ceilings> ReadCeilings(const std::filesystem::path& file, const CeilingsKey& key);

// Puts the entry into the file and keeps the others; replaces a broken file. Fails with kIo.
Status WriteCeilings(const std::filesystem::path& file, const CeilingsKey& key, const Ceilings& ceilings);

}  // namespace segforge
