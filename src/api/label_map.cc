// Label conventions: what is written for each class.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "api/error.h"
#include "base/byte_reader.h"
#include "base/file.h"
#include "formats/json.h"
#include "segforge/files.h"

namespace segforge {
namespace {

constexpr int64_t kLargest = 65535;

// The official ids of Cityscapes' 19 training classes; 0 is "unlabeled".
constexpr std::array<uint16_t, 19> kCityscapesIds = {7,  8,  11, 12, 13, 17, 19, 20, 21, 22,
                                                     23, 24, 25, 26, 27, 28, 31, 32, 33};

// Entries as a file lists them, in any order.
class MapBuilder {
 public:
  explicit MapBuilder(const ModelInfo& model)
      : model_(model), ignored_key_(model.classes > 255 ? 65535 : 255), to_(model_.class_names.size()) {}

  Status Add(int64_t from, int64_t to) {
    if (to < 0 || to > kLargest) {
      return InvalidInput("label {}: expected to become 0 to {}, got {}", from, kLargest, to);
    }
    if (from != ignored_key_ && (from < 0 || from >= model_.classes)) {
      return InvalidInput("label {}: expected one of the model's 0 to {}, or {} for ignored pixels", from,
                          model_.classes - 1, ignored_key_);
    }
    std::optional<uint16_t>& place = from == ignored_key_ ? ignored_ : to_[static_cast<size_t>(from)];
    if (place) return InvalidInput("label {}: is given twice", from);
    place = static_cast<uint16_t>(to);
    return Status();
  }

  Result<LabelMap> Build() const {
    LabelMap map;
    for (size_t label = 0; label < to_.size(); ++label) {
      if (!to_[label]) return InvalidInput("label {} ({}): is missing", label, model_.class_names[label]);
      map.to.push_back(*to_[label]);
    }
    map.ignored = ignored_.value_or(static_cast<uint16_t>(ignored_key_));
    return map;
  }

 private:
  const ModelInfo& model_;
  int64_t ignored_key_;
  std::vector<std::optional<uint16_t>> to_;
  std::optional<uint16_t> ignored_;
};

bool TakeNumber(std::string_view& text, int64_t& number) {
  constexpr std::string_view kBlanks = " \t\r,:";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return error == std::errc() && (text.empty() || kBlanks.find(text.front()) != std::string_view::npos);
}

// "from to", whatever follows is a comment.
Status AddLines(std::string_view text, MapBuilder& builder) {
  for (int line_number = 1; !text.empty(); ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos || line[start] == ';' || line[start] == '#') continue;
    int64_t from = 0;
    int64_t to = 0;
    if (!TakeNumber(line, from) || !TakeNumber(line, to)) {
      return InvalidInput("line {}: expected two numbers, from and to", line_number);
    }
    const Status status = builder.Add(from, to);
    if (!status.ok()) return status.Within(fmt::format("line {}", line_number));
  }
  return Status();
}

// {"0": 7, "1": 8} or [7, 8]
Status AddJson(const nlohmann::json& json, MapBuilder& builder) {
  int64_t index = 0;
  for (const auto& [key, value] : json.items()) {
    int64_t from = index++;
    if (json.is_object()) {
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), from);
      if (error != std::errc() || end != key.data() + key.size()) {
        return InvalidInput("expected a label as each key, got one that is no number");
      }
    }
    if (!value.is_number_integer()) return InvalidInput("label {}: expected a whole number", from);
    SEGFORGE_RETURN_IF_ERROR(builder.Add(from, value.get<int64_t>()));
  }
  return Status();
}

Result<LabelMap> ParseMap(std::span<const std::byte> bytes, const ModelInfo& model) {
  MapBuilder builder(model);
  const std::string_view text = AsText(bytes);
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && (text[start] == '{' || text[start] == '[')) {
    SEGFORGE_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(bytes));
    SEGFORGE_RETURN_IF_ERROR(AddJson(json, builder));
  } else {
    SEGFORGE_RETURN_IF_ERROR(AddLines(text, builder));
  }
  return builder.Build();
}

uint16_t Mapped(const LabelMap& map, int label) {
  const auto index = static_cast<size_t>(label);
  return index < map.to.size() ? map.to[index] : map.ignored;
}

}  // namespace

LabelMap CityscapesLabelIds(const ModelInfo& model) {
  if (model.classes != static_cast<int64_t>(kCityscapesIds.size())) {
    Throw(InvalidInput("Cityscapes label ids: expected a model of its {} classes, got {}",
                       kCityscapesIds.size(), model.classes));
  }
  return {{kCityscapesIds.begin(), kCityscapesIds.end()}, 0};
}

LabelMap ReducedZeroLabels(const ModelInfo& model) {
  LabelMap map;
  for (int64_t label = 0; label < model.classes; ++label) map.to.push_back(static_cast<uint16_t>(label + 1));
  return map;
}

LabelMap LoadLabelMap(const std::string& path, const ModelInfo& model) {
  const auto file = MappedFile::Open(path);
  if (!file.ok()) Throw(file.status().Within(path));
  auto map = ParseMap(file->bytes(), model);
  if (!map.ok()) Throw(map.status().Within(path));
  return std::move(map).value();
}

Segmentation MapLabels(const Segmentation& result, const LabelMap& map) {
  Segmentation mapped;
  mapped.height = result.height;
  mapped.width = result.width;
  uint16_t largest = map.ignored;
  for (const uint16_t to : map.to) largest = std::max(largest, to);
  const auto fill = [&](const auto& from, auto& to) {
    to.reserve(from.size());
    for (const auto label : from) {
      const bool ignored = label == std::numeric_limits<std::decay_t<decltype(label)>>::max();
      to.push_back(static_cast<typename std::decay_t<decltype(to)>::value_type>(
          ignored ? map.ignored : Mapped(map, label)));
    }
  };
  if (largest > 255) {
    result.labels16.empty() ? fill(result.labels8, mapped.labels16) : fill(result.labels16, mapped.labels16);
  } else {
    result.labels16.empty() ? fill(result.labels8, mapped.labels8) : fill(result.labels16, mapped.labels8);
  }
  return mapped;
}

LabelColors MapColors(const LabelColors& colors, const LabelMap& map) {
  LabelColors mapped;
  for (size_t label = 0; label < std::min(map.to.size(), colors.rgb.size()); ++label) {
    const size_t to = map.to[label];
    if (to > 255) continue;  // 16-bit labels are written without colours
    if (mapped.rgb.size() <= to) mapped.rgb.resize(to + 1);
    mapped.rgb[to] = colors.rgb[label];
  }
  return mapped;
}

}  // namespace segforge
