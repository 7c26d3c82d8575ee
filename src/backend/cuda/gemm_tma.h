// Products whose tiles are loaded by Hopper's copy engine (gemm_tma.cuh): all precisions but fp32.
#pragma once

#include <span>

#include "backend/cuda/gemm.h"

namespace segforge::cuda {

struct TmaTile {
  int m, n;
};
std::span<const TmaTile> TmaTiles();

// Whether the current device and these operands (k, patches) can do it.
bool HasTmaGemm(Precision precision, const GemmArgs& args);
// With more than one split, args.partial gets the sums of each, for the caller to add.
void LaunchTmaGemm(Precision precision, const GemmArgs& args, TmaTile tile, int splits, cudaStream_t stream);

}  // namespace segforge::cuda
