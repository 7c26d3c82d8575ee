// What the pickle interpreter makes: plain values in one table, which name each other by index. So values may
// be shared, and even contain themselves, without owning one another.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "formats/pickle_globals.h"
#include "formats/strided.h"

namespace segforge {

using PickleRef = uint32_t;  // an index into Pickle::values

struct PickleNone {};
struct PickleOpaque {};               // an object of a class that is known and ignored
struct PickleBigInt {                 // an integer beyond 64 bits
  std::span<const std::byte> digits;  // two's complement, little-endian; or decimal text from protocol 0
};
struct PickleText {
  std::string_view text;  // not checked to be UTF-8
};
struct PickleBytes {
  std::span<const std::byte> bytes;
};
struct PickleList {  // also a set
  std::vector<PickleRef> items;
};
struct PickleTuple {
  std::vector<PickleRef> items;
};
struct PickleDict {  // in the order of insertion; keys may repeat, and then the last counts
  std::vector<std::pair<PickleRef, PickleRef>> items;
};
struct TorchStorage {
  std::string_view key;
  DType dtype = DType::kU8;
  int64_t elems = 0;
};
struct TorchTensor {
  TorchStorage storage;
  int64_t offset_elems = 0;  // the extent from here on lies inside the storage
  Shape shape;
  Strides strides = {};
};

using PickleValue = std::variant<PickleNone, PickleOpaque, bool, int64_t, double, PickleBigInt, PickleText,
                                 PickleBytes, PickleList, PickleTuple, PickleDict, const PickleGlobal*,
                                 TorchStorage, std::unique_ptr<const TorchTensor>>;

struct Pickle {
  std::vector<PickleValue> values;
  std::vector<std::unique_ptr<const std::string>> decoded;  // texts that had escapes; others lie in the file
  PickleRef root = 0;

  template <typename T>
  const T* As(PickleRef ref) const {
    return std::get_if<T>(&values[ref]);
  }
  const TorchTensor* AsTensor(PickleRef ref) const {
    const auto* tensor = As<std::unique_ptr<const TorchTensor>>(ref);
    return tensor == nullptr ? nullptr : tensor->get();
  }
  // The last value under a text key; null when there is none or `dict` is no dict.
  const PickleRef* FindKey(PickleRef dict, std::string_view key) const {
    const auto* items = As<PickleDict>(dict);
    const PickleRef* found = nullptr;
    for (size_t i = 0; items != nullptr && i < items->items.size(); ++i) {
      const auto* text = As<PickleText>(items->items[i].first);
      if (text != nullptr && text->text == key) found = &items->items[i].second;
    }
    return found;
  }
};

}  // namespace segforge
