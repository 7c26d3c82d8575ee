// The weights of a Linear or a convolution on the GPU, and the launch that fits them.
#pragma once

#include <cuda_runtime_api.h>

#include <optional>
#include <vector>

#include "backend/cuda/cublaslt.h"
#include "backend/cuda/device_memory.h"
#include "backend/cuda/gemm.h"
#include "ir/graph.h"

namespace segforge::cuda {

class Product {
 public:
  struct Call {
    const void* x = nullptr;  // [n, height, width, channels]
    const void* residual = nullptr;
    void* y = nullptr;
    bool y_is_float = false;
    std::byte* scratch = nullptr;        // ScratchBytes() of it
    const GemmTiling* tiling = nullptr;  // null: the likely one
    cudaStream_t stream = nullptr;
  };

  // Weight input 1 of the node, [Co, Ci] or [Co, kh, kw, Ci], and bias input 2 where the node has one; in the
  // node's precision.
  static Result<Product> Make(const Graph& graph, const Node& node, bool has_bias, Activation activation,
                              const Conv2dAttrs& attrs = {});
  // Of tensors; bias may be null.
  static Result<Product> Make(const std::string& name, Precision precision, const Tensor& weight,
                              const Tensor* bias, Activation activation, const Conv2dAttrs& attrs = {});

  // Those of a product by tensor cores on the current device; none where it goes another way.
  std::vector<GemmTiling> Tilings(const Shape& x) const;
  int64_t ScratchBytes(const Shape& x, const GemmTiling* tiling = nullptr) const;
  void Launch(const Shape& x, const Call& call) const;
  const void* packed() const { return weight_.data(); }
  const float* bias() const { return bias_.as<float>(); }

  // As cuBLASLt takes it: where x is a matrix; without the weights.
  std::optional<CublasLtProblem> AsCublasLt(const Shape& x) const;
  // The weights [out channels, channels] in plain order and the bias, if any, in the storage of the
  // precision.
  struct PlainWeights {
    DeviceBuffer weight, bias;
  };
  Result<PlainWeights> Unpack(std::string_view name) const;

 private:
  enum class Way : uint8_t {
    kRows,     // x is a matrix
    kPatches,  // of x itself
    kPadded,   // patches of a copy of x with zeros around it and a fourth channel
    kPlain,    // any shape
  };
  Way ChooseWay() const;
  Status Pack(const std::string& name, const Tensor& weight);
  int64_t OutSide(int64_t side, int64_t kernel) const { return (side + 2 * pad_ - kernel) / stride_ + 1; }
  Shape PaddedShape(const Shape& x) const;
  int64_t PaddedBytes(const Shape& x) const;
  int Rows(const Shape& x) const;
  // All but the maps; `patches` must live as long where x is not a matrix.
  GemmArgs ArgsFor(const Shape& x, Patches& patches) const;
  int Depth() const { return static_cast<int>(kernel_h_ * row_elems_); }  // K

  Precision precision_ = Precision::kFp32;
  Activation activation_ = Activation::kNone;
  Way way_ = Way::kPlain;
  int64_t out_channels_ = 0, kernel_h_ = 1, kernel_w_ = 1, channels_ = 0, stride_ = 1, pad_ = 0;
  int64_t row_elems_ = 0;  // of a kernel row as it is packed
  DeviceBuffer weight_, bias_;
};

// [..] f32 of any shape, as it is.
Result<DeviceBuffer> UploadFloats(const Tensor& tensor, const std::string& name);
// Values in the storage of a precision.
Result<DeviceBuffer> UploadAs(Precision precision, std::span<const float> values, const std::string& name);

}  // namespace segforge::cuda
