#pragma once

#include "tests/ops/backends.h"

namespace segforge {

void RunOnHost(const NodeRun& run, ThreadPool& pool);  // a NodeRunner

size_t ScratchBytesOf(const NodeRun& run, int threads);

}  // namespace segforge
