// How long short launches take, without what the host costs: each is repeated in a CUDA graph of its own.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <span>
#include <vector>

#include "base/status.h"

namespace segforge::cuda {

// Of each launch the median over so many rounds, in microseconds; in a round every one has its turn, so that
// a clock that changes is nobody's advantage. Infinite for one that cannot be captured. They launch on the
// stream, which nothing else uses meanwhile.
Result<std::vector<double>> TimeLaunches(cudaStream_t stream, std::span<const std::function<void()>> launches,
                                         int rounds);

}  // namespace segforge::cuda
