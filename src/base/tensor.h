// Tensors are dense and row-major. TensorView and ConstTensorView never own; Tensor does, and is moved or
// shared.
#pragma once

#include <cstdlib>
#include <memory>
#include <span>

#include "base/dtype.h"
#include "base/shape.h"

namespace segforge {

struct ConstTensorView {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  Shape shape;

  size_t bytes() const { return static_cast<size_t>(shape.elems()) * SizeOf(dtype); }
  template <typename T>
  const T* as() const {
    SEGFORGE_CHECK(dtype == kDTypeOf<T>);
    return static_cast<const T*>(data);
  }
  template <typename T>
  std::span<const T> span() const {
    return {as<T>(), static_cast<size_t>(shape.elems())};
  }
};

struct TensorView {
  void* data = nullptr;
  DType dtype = DType::kF32;
  Shape shape;

  operator ConstTensorView() const { return {data, dtype, shape}; }  // NOLINT(*-explicit-*)
  size_t bytes() const { return static_cast<size_t>(shape.elems()) * SizeOf(dtype); }
  template <typename T>
  T* as() const {
    SEGFORGE_CHECK(dtype == kDTypeOf<T>);
    return static_cast<T*>(data);
  }
  template <typename T>
  std::span<T> span() const {
    return {as<T>(), static_cast<size_t>(shape.elems())};
  }
};

// Memory aligned for any vector unit and for cache lines.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t bytes);  // uninitialised; aborts when the system has no memory left

  std::byte* data() const { return data_.get(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t bytes_ = 0;
};

class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, Shape shape)
      : buffer_(static_cast<size_t>(shape.elems()) * SizeOf(dtype)), dtype_(dtype), shape_(shape) {}

  template <typename T>
  static Tensor From(Shape shape, std::span<const T> values);
  // Of bytes that `owner` keeps, aligned as a tensor's own are. It is read only: CHECKed.
  static Tensor Borrowed(const ConstTensorView& view, std::shared_ptr<const void> owner);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  TensorView view() {
    SEGFORGE_CHECK(borrowed_ == nullptr);
    return {buffer_.data(), dtype_, shape_};
  }
  ConstTensorView view() const { return {borrowed_ != nullptr ? borrowed_ : buffer_.data(), dtype_, shape_}; }
  template <typename T>
  std::span<T> span() {
    return view().span<T>();
  }
  template <typename T>
  std::span<const T> span() const {
    return view().span<T>();
  }

 private:
  AlignedBuffer buffer_;
  const void* borrowed_ = nullptr;  // instead of the buffer's
  std::shared_ptr<const void> owner_;
  DType dtype_ = DType::kF32;
  Shape shape_;
};

template <typename T>
Tensor Tensor::From(Shape shape, std::span<const T> values) {
  SEGFORGE_CHECK(static_cast<size_t>(shape.elems()) == values.size());
  Tensor tensor(kDTypeOf<T>, shape);
  std::copy(values.begin(), values.end(), tensor.span<T>().begin());
  return tensor;
}

// A float32 copy of any floating-point or integer tensor (f16 and bf16 exactly, f64 and i64 rounded).
Tensor ToFloat32(const ConstTensorView& source);

}  // namespace segforge
