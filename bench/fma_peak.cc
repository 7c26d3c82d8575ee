// What this processor can do at most: float32 multiply-adds in registers, on every thread at once.
//   fma_peak [THREADS]  ->  {"threads": 2, "gflops": 201.3, "target": "avx2"}
#include <fmt/format.h>

#include <cstdlib>

#include "backend/cpu/peak.h"
#include "backend/cpu/target.h"

int main(int argc, char** argv) {
  const segforge::Status target = segforge::ApplyCpuTargetOverride();
  if (!target.ok()) {
    fmt::print(stderr, "fma_peak: {}\n", target.message());
    return 2;
  }
  segforge::ThreadPool pool(argc > 1 ? std::atoi(argv[1]) : 0);
  fmt::print("{{\"threads\": {}, \"gflops\": {:.1f}, \"target\": \"{}\"}}\n", pool.threads(),
             segforge::MeasureFmaGflops(pool), segforge::CpuTargetName());
  return 0;
}
