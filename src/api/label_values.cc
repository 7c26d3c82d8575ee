#include "api/label_values.h"

#include <cstring>

#include "api/error.h"
#include "api/label_image.h"

namespace segforge {
namespace {

template <typename T>
void Copy(const ConstTensorView& array, const std::string& source, int64_t classes, Segmentation& result) {
  const auto* bytes = static_cast<const std::byte*>(array.data);
  const auto count = static_cast<size_t>(array.shape.elems());
  const bool wide = classes > kMaxClassesOf8Bits;
  if (wide) {
    result.labels16.resize(count);
  } else {
    result.labels8.resize(count);
  }
  for (size_t i = 0; i < count; ++i) {
    T label = 0;
    std::memcpy(&label, bytes + i * sizeof(T), sizeof(T));  // a file's data need not be aligned
    const auto value = static_cast<int64_t>(label);
    if (value < 0 || value >= classes) {
      Throw(InvalidInput("{}: expected labels 0 to {}, got {}", source, classes - 1, value));
    }
    if (wide) {
      result.labels16[i] = static_cast<uint16_t>(value);
    } else {
      result.labels8[i] = static_cast<uint8_t>(value);
    }
  }
}

}  // namespace

void SetLabels(const ConstTensorView& array, const std::string& source, int64_t classes,
               Segmentation& result) {
  switch (array.dtype) {
    case DType::kU8:
      return Copy<uint8_t>(array, source, classes, result);
    case DType::kU16:
      return Copy<uint16_t>(array, source, classes, result);
    case DType::kI32:
      return Copy<int32_t>(array, source, classes, result);
    case DType::kI64:
      return Copy<int64_t>(array, source, classes, result);
    default:
      Throw(InvalidInput("{}: labels: expected u8, u16, i32 or i64, got {}", source, NameOf(array.dtype)));
  }
}

}  // namespace segforge
