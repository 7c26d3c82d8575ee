#include "engine/timing_cache.h"

#include "base/file.h"
#include "formats/json.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFormat = "segforge timings 1";
constexpr uintmax_t kMaxFileBytes = uintmax_t{64} << 20;

Status CheckEntries(const json& entries) {
  if (!entries.is_object()) return InvalidInput("not a timing cache");
  for (const auto& [key, tactic] : entries.items()) {
    if (!tactic.is_string()) return InvalidInput("damaged: a tactic is no text");
  }
  return Status();
}

// The machines of a file, an empty object without one.
Result<json> ReadMachines(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return json::object();
  SEGFORGE_ASSIGN_OR_RETURN(const MappedFile mapped, MappedFile::Open(file));
  if (mapped.bytes().size() > kMaxFileBytes) return InvalidInput("not a timing cache: too large");
  SEGFORGE_ASSIGN_OR_RETURN(json all, ParseJson(mapped.bytes()));
  const bool ours = all.is_object() && all.contains("format") && all["format"] == kFormat;
  if (!ours || !all.contains("machines") || !all["machines"].is_object()) {
    return InvalidInput("not a timing cache of this version");
  }
  for (const auto& [machine, entries] : all["machines"].items()) {
    SEGFORGE_RETURN_IF_ERROR(CheckEntries(entries));
  }
  return std::move(all["machines"]);
}

}  // namespace

Result<TimingCache> TimingCache::Read(const fs::path& file, std::string machine) {
  TimingCache cache(std::move(machine));
  Result<json> machines = ReadMachines(file);
  if (!machines.ok()) return machines.status().Within(file.string());
  const auto entries = machines->find(cache.machine_);
  if (entries == machines->end()) return cache;
  for (const auto& [key, tactic] : entries->items()) cache.Add(key, tactic.get<std::string>());
  return cache;
}

Status TimingCache::Write(const fs::path& file) const {
  Result<json> known = ReadMachines(file);
  json machines = known.ok() ? std::move(known).value() : json::object();
  machines[machine_] = winners_;
  const json all = {{"format", kFormat}, {"machines", machines}};
  const std::string text = all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  if (error) return IoError("{}: cannot make the folder: {}", file.parent_path().string(), error.message());
  return WriteFileAtomically(file, std::as_bytes(std::span(text))).Within(file.string());
}

const std::string* TimingCache::Find(const std::string& key) const {
  const auto found = winners_.find(key);
  return found == winners_.end() ? nullptr : &found->second;
}

}  // namespace segforge
