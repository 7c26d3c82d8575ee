// Makers of the SIMD kernels that are not matrix products, and the plain functions behind them, for fusing
// and measuring. Everything is float32 and contiguous; feature maps are [N, H, W, C].
#pragma once

#include "backend/kernel.h"

namespace segforge {

// Each fails when the node's constants are not constants or not float32: then another backend must serve it.
Result<std::unique_ptr<Kernel>> MakeCpuLayerNorm(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuDepthwiseConv(const Graph& graph,
                                                     const Node& node);  // with GELU or not
Result<std::unique_ptr<Kernel>> MakeCpuUnary(const Graph& graph,
                                             const Node& node);  // kGelu, kRelu, kErf, kSqrt
Result<std::unique_ptr<Kernel>> MakeCpuBinary(const Graph& graph,
                                              const Node& node);  // kAdd, kSub, kMul, kDiv
Result<std::unique_ptr<Kernel>> MakeCpuReduceMean(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuMatMul(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuSoftmax(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuResizeBilinear(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuUpsampleSum(const Graph& graph, const Node& node);

// y[t, c] = (x[t, c] - mean_t) / sqrt(variance_t + eps) * gamma[c] + beta[c], rows of `channels` >= 1 values;
// y may be x.
void CpuLayerNorm(const float* x, const float* gamma, const float* beta, float eps, int64_t rows,
                  int64_t channels, float* y, ThreadPool& pool);

}  // namespace segforge
