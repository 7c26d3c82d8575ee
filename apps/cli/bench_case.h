// One case of `segforge bench` in a process of its own.
#pragma once

#include "segforge/measure.h"

namespace segforge::cli {

// As RunBench, in a child process: the kernel never lowers a process's peak of memory, and what one case
// leaves in the allocator would count for the next. Throws what RunBench throws, and Error when the child
// is killed. Call it before this process starts threads.
BenchResult RunBenchInChild(const BenchCase& bench);

// As RunBenchInTurns, in a child process likewise, so that other engines leave nothing behind.
std::vector<EngineTimes> RunBenchInTurnsInChild(const BenchCase& bench, const std::vector<std::string>& peers,
                                                const std::string& onnx);

}  // namespace segforge::cli
