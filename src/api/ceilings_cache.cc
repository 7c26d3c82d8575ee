#include "api/ceilings_cache.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr uintmax_t kMaxCacheBytes = 1 << 20;

std::string NameOf(const CeilingsKey& key) {
  return fmt::format("{} | {} | {} threads | {}", key.processor, key.target, key.threads, key.version);
}

// An object; an empty one for whatever is not.
Json ReadObject(const fs::path& file) {
  std::error_code error;
  const uintmax_t bytes = fs::file_size(file, error);
  if (error || bytes > kMaxCacheBytes) return Json::object();
  std::ifstream stream(file);
  Json json = Json::parse(stream, nullptr, false);
  return json.is_object() ? json : Json::object();
}

std::optional<double> PositiveNumber(const Json& entry, const char* name) {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  if (!std::isfinite(value) || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

fs::path CacheFile(const char* name) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  fs::path folder = cache == nullptr ? "" : cache;
  if (!folder.is_absolute()) {  // the XDG specification has relative paths ignored
    const char* home = std::getenv("HOME");
    folder = home == nullptr ? fs::path() : fs::path(home) / ".cache";
  }
  return folder.is_absolute() ? folder / "segforge" / name : fs::path();
}

fs::path CeilingsFile() { return CacheFile("ceilings.json"); }

std::optional<Ceilings> ReadCeilings(const fs::path& file, const CeilingsKey& key) {
  const Json all = ReadObject(file);
  const auto entry = all.find(NameOf(key));
  if (entry == all.end() || !entry->is_object()) return std::nullopt;
  const auto gflops = PositiveNumber(*entry, "fma_gflops");
  const auto copy_gbs = PositiveNumber(*entry, "copy_gbs");
  if (!gflops || !copy_gbs) return std::nullopt;
  return Ceilings{key.threads, *gflops, *copy_gbs};
}

Status WriteCeilings(const fs::path& file, const CeilingsKey& key, const Ceilings& ceilings) {
  Json all = ReadObject(file);
  all[NameOf(key)] = {{"fma_gflops", ceilings.gflops}, {"copy_gbs", ceilings.copy_gbs}};
  const std::string text = all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return IoError("{}: cannot make the folder: {}", file.parent_path().string(), error.message());
  return WriteFileAtomically(file, std::as_bytes(std::span(text))).Within(file.string());
}

}  // namespace segforge
