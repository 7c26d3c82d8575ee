// Products by NVIDIA's cuBLASLt, which knows many kernels for each. Its library is looked for when it is
// first asked for: $SEGFORGE_CUBLASLT, or where the system's loader and the CUDA toolkit have it. Without it,
// and in a build without its header, there are no algorithms.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ir/activation.h"
#include "ir/precision.h"

namespace segforge::cuda {

// y [m, n] = activation(x W^T + bias [+ residual]), in the storage of the precision; sums are in f32.
struct CublasLtProblem {
  Precision precision = Precision::kFp32;
  int m = 0, n = 0, k = 0;
  const void* w = nullptr;                    // [n, k], rows contiguous
  const void* bias = nullptr;                 // [n] in the storage of the precision; or null
  Activation activation = Activation::kNone;  // but kGelu, which cuBLASLt approximates
};

// Names of at most eight algorithms for the problem on the current device, best guess first; w and bias play
// no role. A name holds for one version of the library.
std::vector<std::string> CublasLtAlgorithms(const CublasLtProblem& problem);

// One problem with one algorithm. Holds no memory of the device.
class CublasLtProduct {
 public:
  // kUnsupported for a name that CublasLtAlgorithms does not give.
  static Result<CublasLtProduct> Make(const CublasLtProblem& problem, std::string_view algorithm);
  CublasLtProduct(CublasLtProduct&&) noexcept;
  CublasLtProduct& operator=(CublasLtProduct&&) noexcept;
  ~CublasLtProduct();

  int64_t workspace_bytes() const;  // 4 MiB at most

  // x, residual and y are aligned to 64 bytes, as is the workspace; residual may be y. False where the
  // library refuses: nothing was launched then.
  bool Launch(const void* x, const void* residual, void* y, std::byte* workspace, cudaStream_t stream) const;

 private:
  struct State;
  explicit CublasLtProduct(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace segforge::cuda
