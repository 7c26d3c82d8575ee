#include "formats/json.h"

#include <set>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/memory.h"
#include "formats/printable.h"

namespace segforge {
namespace {

using nlohmann::json;

constexpr int kMaxJsonDepth = 32;
constexpr int64_t kMemoryPerByte = 20;  // "0," is two bytes of text, and a value and spare room in memory

// Before the parser runs, because it builds what it reads, however deep.
bool IsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++depth > kMaxJsonDepth) return true;
    } else if (!in_string && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return false;
}

class DuplicateKeys {
 public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    const auto level = static_cast<size_t>(depth);
    if (event == json::parse_event_t::object_start) {
      if (keys_.size() < level + 2) keys_.resize(level + 2);
      keys_[level + 1].clear();  // keys are reported one level below their object
    } else if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_[level].insert(key).second && first_.empty()) first_ = "\"" + Printable(key) + "\"";
    }
    return true;
  }
  const std::string& first() const { return first_; }

 private:
  std::vector<std::set<std::string>> keys_;  // by depth
  std::string first_;                        // quoted, so that an empty key shows
};

}  // namespace

Result<json> ParseJson(std::span<const std::byte> bytes) {
  const std::string_view text = AsText(bytes);
  if (IsTooDeep(text)) return InvalidInput("JSON nested deeper than {}", kMaxJsonDepth);
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(static_cast<int64_t>(bytes.size()) * kMemoryPerByte, "parsing JSON"));
  DuplicateKeys duplicates;
  json parsed = json::parse(text, std::ref(duplicates), /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return InvalidInput("malformed JSON: \"{}\"", Printable(text.substr(0, 40)));
  if (!duplicates.first().empty()) return InvalidInput("JSON key {} occurs twice", duplicates.first());
  return parsed;
}

}  // namespace segforge
