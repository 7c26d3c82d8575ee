// What this processor can do at most, measured: the ceilings that kernels are held against.
#pragma once

#include "base/status.h"
#include "base/thread_pool.h"

namespace segforge {

// float32 multiply-adds in registers on every thread at once, with the instruction set that kernels run with.
// A multiply-add counts as two. Takes about a second.
double MeasureFmaGflops(ThreadPool& pool);

// Memory copied by every thread at once, from buffers far larger than the caches: bytes read plus bytes
// written, in 1e9 a second. Takes about a second and 512 MiB; kOutOfMemory where they are not there.
Result<double> MeasureCopyGbs(ThreadPool& pool);

}  // namespace segforge
