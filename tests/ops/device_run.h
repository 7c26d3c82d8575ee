#pragma once

#include "tests/ops/backends.h"

namespace segforge {

// A NodeRunner of the first NVIDIA GPU. Never called in a build without CUDA, which has no such case.
void RunOnDevice(const NodeRun& run, ThreadPool& pool);

}  // namespace segforge
