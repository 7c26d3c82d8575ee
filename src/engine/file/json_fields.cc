#include "engine/file/json_fields.h"

#include <cmath>
#include <limits>

#include "formats/printable.h"

namespace segforge {
namespace {

using nlohmann::json;

Status Expected(const char* key, std::string_view what, const json* got) {
  if (got == nullptr) return InvalidInput("\"{}\": expected {}, got nothing", key, what);
  const std::string text = got->dump(-1, ' ', true, json::error_handler_t::replace);
  return InvalidInput("\"{}\": expected {}, got {}", key, what, Printable(text.substr(0, 40)));
}

bool IsLine(const json& value, size_t max_bytes) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > max_bytes || !IsUtf8(text)) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

const json* JsonFields::Find(const char* key) const {
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(key);
  return found == value_.end() ? nullptr : &*found;
}

Result<int64_t> JsonFields::Whole(const char* key, int64_t least, int64_t most) const {
  const json* value = Find(key);
  const bool whole = value != nullptr && value->is_number_integer() &&
                     !(value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX);
  if (!whole || value->get<int64_t>() < least || value->get<int64_t>() > most) {
    return Expected(key, fmt::format("a number from {} to {}", least, most), value);
  }
  return value->get<int64_t>();
}

Result<float> JsonFields::Number(const char* key) const {
  const json* value = Find(key);
  constexpr double kMost = std::numeric_limits<float>::max();
  // The comparison is false for a NaN.
  if (value == nullptr || !value->is_number() || !(std::abs(value->get<double>()) <= kMost)) {
    return Expected(key, "a number", value);
  }
  return value->get<float>();
}

Result<bool> JsonFields::Bool(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return Expected(key, "true or false", value);
  return value->get<bool>();
}

Result<std::string> JsonFields::Text(const char* key, size_t max_bytes) const {
  const json* value = Find(key);
  if (value == nullptr) return std::string();
  if (!IsLine(*value, max_bytes)) return Expected(key, "a line of text", value);
  return value->get<std::string>();
}

Result<std::vector<std::string>> JsonFields::Texts(const char* key) const {
  if (Find(key) == nullptr) return std::vector<std::string>();
  SEGFORGE_ASSIGN_OR_RETURN(const json* array, Array(key));
  std::vector<std::string> texts;
  for (const json& value : *array) {
    if (!IsLine(value, 1024)) return Expected(key, "lines of text", &value);
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

Result<const json*> JsonFields::Array(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr || !value->is_array()) return Expected(key, "an array", value);
  return value;
}

Result<const json*> JsonFields::Object(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr || !value->is_object()) return Expected(key, "an object", value);
  return value;
}

}  // namespace segforge
