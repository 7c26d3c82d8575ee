#include "base/tensor.h"

#include <algorithm>
#include <cstring>

namespace segforge {
namespace {

template <typename T, typename Convert>
void ConvertAll(const void* source, std::span<float> target, Convert convert) {
  const auto* bytes = static_cast<const std::byte*>(source);
  for (size_t i = 0; i < target.size(); ++i) {
    T element;  // the source may be unaligned: views into mapped files are
    std::memcpy(&element, bytes + i * sizeof(T), sizeof(T));
    target[i] = convert(element);
  }
}

}  // namespace

AlignedBuffer::AlignedBuffer(size_t bytes) : bytes_(bytes) {
  const size_t rounded = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
  SEGFORGE_CHECK(data_ != nullptr);
}

Tensor Tensor::Borrowed(const ConstTensorView& view, std::shared_ptr<const void> owner) {
  SEGFORGE_CHECK(reinterpret_cast<uintptr_t>(view.data) % AlignedBuffer::kAlignment == 0);
  Tensor tensor;
  tensor.borrowed_ = view.data;
  tensor.owner_ = std::move(owner);
  tensor.dtype_ = view.dtype;
  tensor.shape_ = view.shape;
  return tensor;
}

Tensor ToFloat32(const ConstTensorView& source) {
  Tensor result(DType::kF32, source.shape);
  const std::span<float> target = result.span<float>();
  const auto cast = [](auto x) { return static_cast<float>(x); };
  switch (source.dtype) {
    case DType::kF64:
      ConvertAll<double>(source.data, target, cast);
      break;
    case DType::kF32:
      std::memcpy(target.data(), source.data, target.size_bytes());
      break;
    case DType::kF16:
      ConvertAll<uint16_t>(source.data, target, FloatFromHalf);
      break;
    case DType::kBF16:
      ConvertAll<uint16_t>(source.data, target, FloatFromBfloat16);
      break;
    case DType::kI64:
      ConvertAll<int64_t>(source.data, target, cast);
      break;
    case DType::kI32:
      ConvertAll<int32_t>(source.data, target, cast);
      break;
    case DType::kI16:
      ConvertAll<int16_t>(source.data, target, cast);
      break;
    case DType::kI8:
      ConvertAll<int8_t>(source.data, target, cast);
      break;
    case DType::kU16:
      ConvertAll<uint16_t>(source.data, target, cast);
      break;
    case DType::kU8:
    case DType::kBool:
      ConvertAll<uint8_t>(source.data, target, cast);
      break;
  }
  return result;
}

}  // namespace segforge
