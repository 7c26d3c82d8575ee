// Makers of the CPU's matrix kernels; elementwise ones are in simd_kernels.h.
#pragma once

#include "backend/kernel.h"

namespace segforge {

Result<std::unique_ptr<Kernel>> MakeCpuLinear(const Graph& graph,
                                              const Node& node);  // Linear, LinearEpilogue
Result<std::unique_ptr<Kernel>> MakeCpuConv2d(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuPatchLinear(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuAttention(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuMixFfn(const Graph& graph, const Node& node);
Result<std::unique_ptr<Kernel>> MakeCpuDecodeHead(const Graph& graph, const Node& node);

}  // namespace segforge
