#pragma once

#include <string>

namespace segforge {

int ResolveThreads(int threads);  // 0: as many as there are; throws Error outside 0 .. 1024
std::string DeviceLine(const std::string& backend, int threads);  // "cpu avx2, 2 threads, fp32"

}  // namespace segforge
