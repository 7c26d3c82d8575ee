// Which device a model runs on, and in which arithmetic.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "backend/kernel.h"
#include "segforge/segforge.h"

namespace segforge {

// "cpu" or "", "ref", "cuda" (the first device), "cuda:N", "cuda:N,M", "cuda:all", or "auto": "cuda" where
// that can be had, else "cpu". One backend a device, in their order, at least one.
Result<std::vector<Backend>> MakeBackends(const std::string& device);
Result<Backend> MakeBackend(const std::string& device);  // the first of them

// "fp32", "tf32", "fp16", "bf16", or "auto": fp16 on a GPU, else fp32. kUnsupported for one that the backend
// does not compute in.
Result<Precision> ResolvePrecision(const std::string& precision, const Backend& backend);

int ResolveThreads(int threads);  // 0: as many as there are; throws Error outside 0 .. 1024

// "cpu avx2, 2 threads, fp32", "cuda:0 NVIDIA H100 80GB HBM3, fp16", "cuda:0 NVIDIA L4, cuda:1 NVIDIA L4,
// fp16"
std::string DeviceLine(std::span<const Backend> backends, Precision precision, int threads);

}  // namespace segforge
