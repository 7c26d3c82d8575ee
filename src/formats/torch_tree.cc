#include "formats/torch_tree.h"

#include <algorithm>
#include <array>

#include "formats/printable.h"
#include "formats/torch_metadata.h"

namespace segforge {
namespace {

// Training scripts wrap the weights under one of these keys; the averaged copies come last, because where
// both are present the first is what the script itself would load.
constexpr std::array<std::string_view, 8> kWeightKeys = {"state_dict",     "model",    "model_state_dict",
                                                         "model_state",    "net",      "state_dict_ema",
                                                         "ema_state_dict", "model_ema"};

constexpr int kMaxTreeDepth = 16;
constexpr size_t kTooLong = 2048;         // for a tensor's name, which is checked where there is a tensor
constexpr size_t kMaxVisits = 1'000'000;  // shared dicts may unfold without end

class Walker {
 public:
  Walker(const Pickle& pickle, TorchTree& tree) : pickle_(pickle), tree_(tree) {}

  Status Visit(PickleRef ref, const std::string& name, int depth) {
    if (depth > kMaxTreeDepth || ++visits_ > kMaxVisits) {
      return InvalidInput("dicts nested deeper than {} or holding more than {} values", kMaxTreeDepth,
                          kMaxVisits);
    }
    if (const TorchTensor* tensor = pickle_.AsTensor(ref)) {
      if (!IsPlainName(name))
        return InvalidInput("tensor name \"{}\" is empty, too long or not plain text", Printable(name));
      tree_.tensors.emplace_back(name, tensor);
    } else if (const auto* dict = pickle_.As<PickleDict>(ref)) {
      for (const auto& [key, value] : dict->items)
        SEGFORGE_RETURN_IF_ERROR(VisitChild(KeyName(key), value, name, depth));
    } else if (const auto* list = pickle_.As<PickleList>(ref)) {
      return VisitItems(list->items, name, depth);
    } else if (const auto* tuple = pickle_.As<PickleTuple>(ref)) {
      return VisitItems(tuple->items, name, depth);
    }
    return Status();
  }

 private:
  Status VisitItems(const std::vector<PickleRef>& items, const std::string& name, int depth) {
    for (size_t i = 0; i < items.size(); ++i)
      SEGFORGE_RETURN_IF_ERROR(VisitChild(std::to_string(i), items[i], name, depth));
    return Status();
  }

  Status VisitChild(const std::string& key, PickleRef value, const std::string& parent, int depth) {
    if (parent.size() > kTooLong)
      return Visit(value, parent, depth + 1);  // lengthening it again costs time alone
    return Visit(value, parent.empty() ? key : fmt::format("{}.{}", parent, key), depth + 1);
  }

  std::string KeyName(PickleRef key) const {
    if (const auto* text = pickle_.As<PickleText>(key)) return std::string(text->text.substr(0, kTooLong));
    if (const auto* number = pickle_.As<int64_t>(key)) return std::to_string(*number);
    return "?";
  }

  const Pickle& pickle_;
  TorchTree& tree_;
  size_t visits_ = 0;
};

bool HoldsTensors(const Pickle& pickle, PickleRef ref) {
  const auto* dict = pickle.As<PickleDict>(ref);
  return dict != nullptr && std::any_of(dict->items.begin(), dict->items.end(), [&](const auto& item) {
           return pickle.AsTensor(item.second) != nullptr;
         });
}

PickleRef FindWeightDict(const Pickle& pickle) {
  for (std::string_view key : kWeightKeys) {
    const PickleRef* found = pickle.FindKey(pickle.root, key);
    if (found != nullptr && HoldsTensors(pickle, *found)) return *found;
  }
  return pickle.root;
}

}  // namespace

Result<TorchTree> FindWeights(const Pickle& pickle) {
  TorchTree tree;
  SEGFORGE_RETURN_IF_ERROR(Walker(pickle, tree).Visit(FindWeightDict(pickle), "", 0));
  if (tree.tensors.empty()) return InvalidInput("holds no tensors: is it a checkpoint's state_dict?");
  tree.metadata = ReadTorchMetadata(pickle);
  return tree;
}

}  // namespace segforge
