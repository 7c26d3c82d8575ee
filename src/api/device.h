// Which device a model runs on, and in which arithmetic.
#pragma once

#include <string>

#include "backend/kernel.h"
#include "segforge/segforge.h"

namespace segforge {

// "cpu" or "", "ref", "cuda" (the first device), "cuda:N", or "auto": "cuda" where that can be had, else
// "cpu".
Result<Backend> MakeBackend(const std::string& device);

// "fp32", "tf32", "fp16", "bf16", or "auto": fp16 on a GPU, else fp32. kUnsupported for one that the backend
// does not compute in.
Result<Precision> ResolvePrecision(const std::string& precision, const Backend& backend);

int ResolveThreads(int threads);  // 0: as many as there are; throws Error outside 0 .. 1024

// "cpu avx2, 2 threads, fp32", "cuda:0 NVIDIA H100 80GB HBM3, fp16"
std::string DeviceLine(const Backend& backend, Precision precision, int threads);

}  // namespace segforge
