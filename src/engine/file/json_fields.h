// Fields of JSON objects that are not trusted. Errors name the field, what was expected and what stands
// there.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace segforge {

class JsonFields {
 public:
  // The value must outlive this; any, but nothing is found in one that is no object.
  explicit JsonFields(const nlohmann::json& value) : value_(value) {}

  bool Has(const char* key) const { return value_.is_object() && value_.contains(key); }
  Result<int64_t> Whole(const char* key, int64_t least, int64_t most) const;
  Result<float> Number(const char* key) const;  // finite
  Result<bool> Bool(const char* key) const;     // false where there is none
  // One line of at most that many bytes of UTF-8, "" where there is none.
  Result<std::string> Text(const char* key, size_t max_bytes = 1024) const;
  Result<std::vector<std::string>> Texts(const char* key) const;  // empty where there is none
  Result<const nlohmann::json*> Array(const char* key) const;
  Result<const nlohmann::json*> Object(const char* key) const;

 private:
  const nlohmann::json* Find(const char* key) const;

  const nlohmann::json& value_;
};

}  // namespace segforge
