#include "formats/pickle_rebuild.h"

#include <algorithm>

#include "formats/printable.h"

namespace segforge {
namespace {

using Items = std::vector<PickleRef>;

Result<std::vector<int64_t>> IntsFrom(const Pickle& pickle, PickleRef ref, const char* what) {
  const auto* tuple = pickle.As<PickleTuple>(ref);
  if (tuple == nullptr) return InvalidInput("a tensor's {} is not a tuple", what);
  if (tuple->items.size() > Shape::kMaxRank) {
    return InvalidInput("a tensor's {} has {} items, at most {} are supported", what, tuple->items.size(),
                        Shape::kMaxRank);
  }
  std::vector<int64_t> values;
  for (PickleRef item : tuple->items) {
    const auto* value = pickle.As<int64_t>(item);
    if (value == nullptr) return InvalidInput("a tensor's {} holds something else than integers", what);
    values.push_back(*value);
  }
  return values;
}

Status CheckInsideStorage(const TorchTensor& tensor) {
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t extent, ExtentElems(tensor.shape, tensor.strides));
  const int64_t elems = tensor.storage.elems;
  if (tensor.offset_elems < 0 || tensor.offset_elems > elems || extent > elems - tensor.offset_elems) {
    return InvalidInput("tensor {} at offset {} exceeds storage \"{}\" of {} elements",
                        ToString(tensor.shape), tensor.offset_elems, Printable(tensor.storage.key), elems);
  }
  return Status();
}

// Storages without a type of their own count bytes; the tensor says what they hold.
Status Retype(const Pickle& pickle, PickleRef type, TorchStorage& storage) {
  const auto* global = pickle.As<const PickleGlobal*>(type);
  if (global == nullptr || (*global)->role != GlobalRole::kDType)
    return InvalidInput("a tensor's type is not a dtype");
  if (SizeOf(storage.dtype) != 1) return InvalidInput("a typed tensor's storage has a type of its own");
  storage.dtype = (*global)->dtype;
  storage.elems /= static_cast<int64_t>(SizeOf(storage.dtype));
  return Status();
}

Result<PickleValue> RebuildTensor(const Pickle& pickle, const Items& arguments, bool typed) {
  if (arguments.size() < (typed ? 7u : 4u))
    return InvalidInput("a tensor of {} arguments is incomplete", arguments.size());
  const auto* storage = pickle.As<TorchStorage>(arguments[0]);
  const auto* offset = pickle.As<int64_t>(arguments[1]);
  if (storage == nullptr || offset == nullptr) return InvalidInput("a tensor without storage and offset");
  auto tensor = std::make_unique<TorchTensor>();
  tensor->storage = *storage;
  tensor->offset_elems = *offset;
  if (typed) SEGFORGE_RETURN_IF_ERROR(Retype(pickle, arguments[6], tensor->storage));
  SEGFORGE_ASSIGN_OR_RETURN(const auto dims, IntsFrom(pickle, arguments[2], "size"));
  SEGFORGE_ASSIGN_OR_RETURN(const auto strides, IntsFrom(pickle, arguments[3], "stride"));
  if (dims.size() != strides.size())
    return InvalidInput("a tensor of {} sizes and {} strides", dims.size(), strides.size());
  SEGFORGE_ASSIGN_OR_RETURN(tensor->shape, Shape::FromUntrusted(dims));
  std::copy(strides.begin(), strides.end(), tensor->strides.begin());
  SEGFORGE_RETURN_IF_ERROR(CheckInsideStorage(*tensor));
  return PickleValue(std::unique_ptr<const TorchTensor>(std::move(tensor)));
}

Result<PickleValue> RebuildParameter(const Pickle& pickle, const Items& arguments) {
  const TorchTensor* tensor = arguments.empty() ? nullptr : pickle.AsTensor(arguments[0]);
  if (tensor == nullptr) return InvalidInput("a parameter without a tensor");
  return PickleValue(std::make_unique<const TorchTensor>(*tensor));
}

// The items of a tuple or list; null for anything else.
const Items* ItemsOf(const Pickle& pickle, PickleRef ref) {
  if (const auto* tuple = pickle.As<PickleTuple>(ref)) return &tuple->items;
  if (const auto* list = pickle.As<PickleList>(ref)) return &list->items;
  return nullptr;
}

Status Spend(size_t count, size_t& items_left) {
  if (count > items_left) return InvalidInput("too many items");
  items_left -= count;
  return Status();
}

Result<PickleValue> MakeDict(const Pickle& pickle, const Items& arguments, size_t& items_left) {
  PickleDict dict;
  if (arguments.empty()) return PickleValue(std::move(dict));
  const Items* pairs = ItemsOf(pickle, arguments[0]);
  if (pairs == nullptr) return InvalidInput("an OrderedDict of something else than pairs");
  SEGFORGE_RETURN_IF_ERROR(Spend(pairs->size(), items_left));
  for (PickleRef ref : *pairs) {
    const Items* pair = ItemsOf(pickle, ref);
    if (pair == nullptr || pair->size() != 2)
      return InvalidInput("an OrderedDict of something else than pairs");
    dict.items.emplace_back((*pair)[0], (*pair)[1]);
  }
  return PickleValue(std::move(dict));
}

Result<PickleValue> MakeTuple(const Pickle& pickle, const Items& arguments, size_t& items_left) {
  if (arguments.empty()) return PickleValue(PickleTuple{});
  const Items* items = ItemsOf(pickle, arguments[0]);
  if (items == nullptr) return InvalidInput("a torch.Size of something else than a tuple");
  SEGFORGE_RETURN_IF_ERROR(Spend(items->size(), items_left));
  return PickleValue(PickleTuple{*items});
}

Result<PickleValue> RebuildFromType(const Pickle& pickle, const Items& arguments, size_t& items_left) {
  const auto* inner = arguments.size() < 3 ? nullptr : pickle.As<const PickleGlobal*>(arguments[0]);
  if (inner == nullptr || (*inner)->role == GlobalRole::kRebuildFromType)
    return InvalidInput("a tensor subclass without a function that rebuilds it");
  return CallGlobal(pickle, **inner, arguments[2], items_left);
}

}  // namespace

Result<PickleValue> CallGlobal(const Pickle& pickle, const PickleGlobal& function, PickleRef arguments,
                               size_t& items_left) {
  const auto* tuple = pickle.As<PickleTuple>(arguments);
  if (tuple == nullptr) return InvalidInput("arguments of {} are not a tuple", function.name);
  switch (function.role) {
    case GlobalRole::kIgnored:
      return PickleValue(PickleOpaque{});
    case GlobalRole::kDict:
      return MakeDict(pickle, tuple->items, items_left);
    case GlobalRole::kDefaultDict:
      return PickleValue(PickleDict{});
    case GlobalRole::kTuple:
      return MakeTuple(pickle, tuple->items, items_left);
    case GlobalRole::kRebuildTensor:
      return RebuildTensor(pickle, tuple->items, /*typed=*/false);
    case GlobalRole::kRebuildTypedTensor:
      return RebuildTensor(pickle, tuple->items, /*typed=*/true);
    case GlobalRole::kRebuildParameter:
      return RebuildParameter(pickle, tuple->items);
    case GlobalRole::kRebuildFromType:
      return RebuildFromType(pickle, tuple->items, items_left);
    case GlobalRole::kStorageType:
    case GlobalRole::kDType:
      break;
  }
  return InvalidInput("{}.{} cannot be called here", function.module, function.name);
}

Result<TorchStorage> StorageFromId(const Pickle& pickle, PickleRef id) {
  const auto* tuple = pickle.As<PickleTuple>(id);
  if (tuple == nullptr || tuple->items.size() < 5) return InvalidInput("persistent id is not a storage's");
  const Items& items = tuple->items;
  const auto* kind = pickle.As<PickleText>(items[0]);
  const auto* type = pickle.As<const PickleGlobal*>(items[1]);
  const auto* key = pickle.As<PickleText>(items[2]);
  const auto* elems = pickle.As<int64_t>(items[4]);
  if (kind == nullptr || kind->text != "storage" || type == nullptr ||
      (*type)->role != GlobalRole::kStorageType || key == nullptr || elems == nullptr)
    return InvalidInput("persistent id is not a storage's");
  if (items.size() > 5 && pickle.As<PickleNone>(items[5]) == nullptr) {
    return Unsupported("storage \"{}\" is a view of another, as torch 0.3 and older wrote",
                       Printable(key->text));
  }
  if (*elems < 0 || *elems > (int64_t{1} << 48))
    return InvalidInput("storage \"{}\" of {} elements", Printable(key->text), *elems);
  return TorchStorage{key->text, (*type)->dtype, *elems};
}

}  // namespace segforge
