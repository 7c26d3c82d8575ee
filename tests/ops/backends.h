// The backends that the tests of operations run on, in every precision that each has.
#pragma once

#include <string>
#include <vector>

#include "backend/kernel.h"
#include "backend/labels.h"

namespace segforge {

// One run of a kernel. Inputs, output and guards are in host memory, in the types that the kernel reads and
// writes; a device's runner copies them there and back.
struct NodeRun {
  const Kernel& kernel;
  std::vector<ConstTensorView> inputs;  // the computed ones
  TensorView output;                    // written by the runner
  int over = -1;                        // the input over which the output is laid; -1: none
};
// Runs it once, on `pool` where the backend has use for it, and checks that nothing is written past the
// output or the scratch memory.
using NodeRunner = void (*)(const NodeRun& run, ThreadPool& pool);

struct BackendCase {
  std::string name;  // "cpu", "cuda_fp16"
  Backend (*make)() = nullptr;
  Precision precision = Precision::kFp32;
  LabelKernel upsample_argmax = nullptr;  // null where logits are not in host memory
  NodeRunner run = nullptr;

  bool on_cuda() const { return name.starts_with("cuda"); }
};

// ref and cpu, and where there is an NVIDIA GPU its four precisions: those that the device computes in.
std::vector<BackendCase> AllBackends();

// The half of the spacing of numbers between 1 and 2: what rounding to nearest is off by, relatively.
double UnitRoundoff(Precision precision);

// To what a value of that precision becomes when it is stored, or multiplied (tf32).
float RoundTo(Precision precision, float value);

}  // namespace segforge
