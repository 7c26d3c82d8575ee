#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "image/preprocess.h"

namespace segforge {
namespace {

using Json = nlohmann::json;

// Far beyond what any network here can run, and far from overflowing a size.
constexpr int64_t kMaxSide = 1 << 16;
constexpr int kPillowBilinear = 2;

const Json* Find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// A value as a message shows it: short, on one line.
std::string Shown(const Json& value) {
  return value.is_primitive() ? value.dump().substr(0, 60) : std::string("an ") + value.type_name();
}

Result<bool> ReadFlag(const Json& config, const char* key, bool missing) {
  const Json* value = Find(config, key);
  if (value == nullptr) return missing;
  if (!value->is_boolean()) return InvalidInput("\"{}\": expected true or false, got {}", key, Shown(*value));
  return value->get<bool>();
}

Result<int64_t> ReadSide(const Json& value) {
  if (!value.is_number_integer() || value < 1 || value > kMaxSide)
    return InvalidInput("\"size\": expected sides of 1 to {} pixels, got {}", kMaxSide, Shown(value));
  return value.get<int64_t>();
}

Result<ImageSize> ReadSize(const Json& value) {
  if (value.is_number()) {
    SEGFORGE_ASSIGN_OR_RETURN(const int64_t side, ReadSide(value));
    return ImageSize{side, side};
  }
  if (value.is_object() && value.contains("shortest_edge"))
    return Unsupported("\"size\": \"shortest_edge\" is not supported, only \"height\" and \"width\"");
  if (!value.is_object() || !value.contains("height") || !value.contains("width"))
    return InvalidInput("\"size\": expected a number or {{\"height\", \"width\"}}, got {}", Shown(value));
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t height, ReadSide(value["height"]));
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t width, ReadSide(value["width"]));
  return ImageSize{height, width};
}

Status ReadTriple(const Json& config, const char* key, std::array<float, 3>& triple) {
  const Json* value = Find(config, key);
  if (value == nullptr) return Status();
  const bool three_numbers =
      value->is_array() && value->size() == 3 &&
      std::all_of(value->begin(), value->end(), [](const Json& v) { return v.is_number(); });
  if (!three_numbers) return InvalidInput("\"{}\": expected three numbers, got {}", key, Shown(*value));
  for (size_t c = 0; c < 3; ++c) triple[c] = (*value)[c].get<float>();
  return Status();
}

Status ReadResize(const Json& config, Preprocessing& preprocessing) {
  SEGFORGE_ASSIGN_OR_RETURN(const bool resize, ReadFlag(config, "do_resize", true));
  if (!resize) return Status();
  preprocessing.size = ImageSize{512, 512};
  if (const Json* size = Find(config, "size")) {
    SEGFORGE_ASSIGN_OR_RETURN(preprocessing.size, ReadSize(*size));
  }
  const Json* resample = Find(config, "resample");
  if (resample != nullptr && *resample != kPillowBilinear)
    return Unsupported("\"resample\": expected {} (bilinear), got {}", kPillowBilinear, Shown(*resample));
  return Status();
}

Status ReadRescale(const Json& config, Preprocessing& preprocessing) {
  // Feature extractors, the older kind, have no such key and scale by 1/255 as they normalise.
  SEGFORGE_ASSIGN_OR_RETURN(const bool rescale, ReadFlag(config, "do_rescale", true));
  if (!rescale) {
    preprocessing.rescale = 1.0f;
    return Status();
  }
  const Json* factor = Find(config, "rescale_factor");
  if (factor == nullptr) return Status();
  if (!factor->is_number())
    return InvalidInput("\"rescale_factor\": expected a number, got {}", Shown(*factor));
  preprocessing.rescale = factor->get<float>();
  if (!std::isfinite(preprocessing.rescale))
    return InvalidInput("\"rescale_factor\": expected a finite number");
  return Status();
}

Status ReadNormalize(const Json& config, Preprocessing& preprocessing) {
  SEGFORGE_ASSIGN_OR_RETURN(const bool normalize, ReadFlag(config, "do_normalize", true));
  if (!normalize) {
    preprocessing.mean = {0, 0, 0};
    preprocessing.std = {1, 1, 1};
    return Status();
  }
  SEGFORGE_RETURN_IF_ERROR(ReadTriple(config, "image_mean", preprocessing.mean));
  SEGFORGE_RETURN_IF_ERROR(ReadTriple(config, "image_std", preprocessing.std));
  for (const float value : preprocessing.std) {
    if (!(value > 0) || !std::isfinite(value))
      return InvalidInput("\"image_std\": expected values above 0, got {}", value);
  }
  return Status();
}

}  // namespace

Result<Preprocessing> ParsePreprocessorConfig(std::string_view json) {
  const Json config = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) {
    return InvalidInput("expected a JSON object, got {}",
                        config.is_discarded() ? "broken JSON" : config.type_name());
  }
  SEGFORGE_ASSIGN_OR_RETURN(const bool crop, ReadFlag(config, "do_center_crop", false));
  if (crop) return Unsupported("\"do_center_crop\" is not supported");
  Preprocessing preprocessing;
  SEGFORGE_RETURN_IF_ERROR(ReadResize(config, preprocessing));
  SEGFORGE_RETURN_IF_ERROR(ReadRescale(config, preprocessing));
  SEGFORGE_RETURN_IF_ERROR(ReadNormalize(config, preprocessing));
  SEGFORGE_ASSIGN_OR_RETURN(const bool reduce_labels, ReadFlag(config, "reduce_labels", false));
  SEGFORGE_ASSIGN_OR_RETURN(preprocessing.reduce_zero_label,
                            ReadFlag(config, "do_reduce_labels", reduce_labels));
  return preprocessing;
}

}  // namespace segforge
