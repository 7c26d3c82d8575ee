// How much memory there is to take, so that a too large request is refused with a message instead of killed.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace segforge {

// Bytes that this process may still take: the smaller of MemAvailable and what is left of its cgroup's limit.
int64_t AvailableMemoryBytes();

// kOutOfMemory, naming `what`, when `bytes` exceeds nine tenths of the available memory.
Status CheckMemory(int64_t bytes, std::string_view what);

int64_t PeakResidentBytes();  // of this process so far

}  // namespace segforge
