// The makers of the CUDA backend's kernels; they allocate on the current device.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include "backend/kernel.h"

namespace segforge::cuda {

using MadeKernel = Result<std::unique_ptr<Kernel>>;

MadeKernel MakeLinear(const Graph& graph, const Node& node);  // LinearEpilogue too
MadeKernel MakeConv2d(const Graph& graph, const Node& node);  // PatchLinear too
MadeKernel MakeAttention(const Graph& graph, const Node& node);
MadeKernel MakeDepthwiseConv(const Graph& graph, const Node& node);  // with GELU or without
MadeKernel MakeLayerNorm(const Graph& graph, const Node& node);
MadeKernel MakeActivation(const Graph& graph, const Node& node);  // Gelu, Relu
MadeKernel MakeAdd(const Graph& graph, const Node& node);
MadeKernel MakeCast(const Graph& graph, const Node& node);
MadeKernel MakeUpsampleSum(const Graph& graph, const Node& node);
MadeKernel MakeResizeBilinear(const Graph& graph, const Node& node);
MadeKernel MakeMixFfn(const Graph& graph, const Node& node);
bool TakesMixFfn(const Graph& graph, const Node& node);  // on the current device
MadeKernel MakeDecodeHead(const Graph& graph, const Node& node);

// Of graphs as published: plain_kernels.cc.
MadeKernel MakeUnary(const Graph& graph, const Node& node);   // Sqrt, Erf
MadeKernel MakeBinary(const Graph& graph, const Node& node);  // Sub, Mul, Div, Pow; Add, where b is no suffix
MadeKernel MakeBatchNorm(const Graph& graph, const Node& node);
MadeKernel MakeRows(const Graph& graph, const Node& node);  // ReduceMean, Softmax
MadeKernel MakeMatMul(const Graph& graph, const Node& node);
MadeKernel MakeTranspose(const Graph& graph, const Node& node);
MadeKernel MakeConcat(const Graph& graph, const Node& node);
MadeKernel MakeReshape(const Graph& graph, const Node& node);

inline cudaStream_t StreamOf(const KernelArgs& args) { return static_cast<cudaStream_t>(args.stream); }

}  // namespace segforge::cuda
