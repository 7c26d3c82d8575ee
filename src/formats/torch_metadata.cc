#include "formats/torch_metadata.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "formats/printable.h"

namespace segforge {
namespace {

using nlohmann::json;

constexpr int kMaxNesting = 8;
constexpr size_t kMaxCost = size_t{1} << 20;  // values and bytes of text, so that shared values cannot unfold

class Collector {
 public:
  explicit Collector(const Pickle& pickle) : pickle_(pickle) {}

  // Adds the plain values of a dict; where a key is there already, it stays.
  void AddEntries(PickleRef ref) {
    const auto* dict = pickle_.As<PickleDict>(ref);
    if (dict == nullptr) return;
    for (const auto& [key, value] : dict->items) {
      const auto* name = pickle_.As<PickleText>(key);
      if (name != nullptr) Add(name->text, value);
    }
  }

  void Add(std::string_view name, PickleRef value) {
    if (!IsPlainName(name)) return;
    const std::optional<json> plain = ToJson(value, 0);
    if (!plain || plain->is_null()) return;
    entries_.emplace(name, plain->is_string() ? plain->get<std::string>() : plain->dump());
  }

  std::vector<std::pair<std::string, std::string>> Take() const { return {entries_.begin(), entries_.end()}; }

 private:
  std::optional<json> ToJson(PickleRef ref, int depth) {
    if (depth > kMaxNesting || !Spend(1)) return std::nullopt;
    if (const auto* text = pickle_.As<PickleText>(ref)) return TextToJson(text->text);
    if (const auto* number = pickle_.As<int64_t>(ref)) return json(*number);
    if (const auto* number = pickle_.As<double>(ref)) return json(*number);
    if (const auto* truth = pickle_.As<bool>(ref)) return json(*truth);
    if (const auto* list = pickle_.As<PickleList>(ref)) return ItemsToJson(list->items, depth);
    if (const auto* tuple = pickle_.As<PickleTuple>(ref)) return ItemsToJson(tuple->items, depth);
    if (const auto* dict = pickle_.As<PickleDict>(ref)) return DictToJson(*dict, depth);
    if (pickle_.As<PickleNone>(ref) != nullptr) return json(nullptr);
    return std::nullopt;
  }

  std::optional<json> TextToJson(std::string_view text) {
    if (!Spend(text.size()) || !IsUtf8(text)) return std::nullopt;
    return json(text);
  }

  std::optional<json> ItemsToJson(const std::vector<PickleRef>& items, int depth) {
    json array = json::array();
    for (PickleRef item : items) {
      auto value = ToJson(item, depth + 1);
      if (!value) return std::nullopt;
      array.push_back(std::move(*value));
    }
    return array;
  }

  std::optional<json> DictToJson(const PickleDict& dict, int depth) {
    json object = json::object();
    for (const auto& [key, item] : dict.items) {
      const auto* name = pickle_.As<PickleText>(key);
      auto value = ToJson(item, depth + 1);
      if (name == nullptr || !value || !Spend(name->text.size()) || !IsUtf8(name->text)) return std::nullopt;
      object[std::string(name->text)] = std::move(*value);
    }
    return object;
  }

  bool Spend(size_t cost) {
    if (cost > cost_left_) return false;
    cost_left_ -= cost;
    return true;
  }

  const Pickle& pickle_;
  std::map<std::string, std::string> entries_;
  size_t cost_left_ = kMaxCost;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> ReadTorchMetadata(const Pickle& pickle) {
  Collector collector(pickle);
  if (const PickleRef* meta = pickle.FindKey(pickle.root, "meta")) {
    if (const PickleRef* dataset = pickle.FindKey(*meta, "dataset_meta")) {
      if (const PickleRef* classes = pickle.FindKey(*dataset, "classes")) collector.Add("CLASSES", *classes);
      if (const PickleRef* palette = pickle.FindKey(*dataset, "palette")) collector.Add("PALETTE", *palette);
    }
    collector.AddEntries(*meta);
  }
  collector.AddEntries(pickle.root);
  return collector.Take();
}

}  // namespace segforge
