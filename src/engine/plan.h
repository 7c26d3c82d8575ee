// The steps of a program at one input size, with every buffer's place in the arena.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/kernel.h"
#include "engine/program.h"

namespace segforge {

struct BufferPlace {
  size_t offset_bytes = 0;
  DType dtype = DType::kF32;
  Shape shape;
};

struct Step {
  std::string_view name;    // of the node
  std::string_view kernel;  // "cpu.gemm"
  const Kernel* run = nullptr;
  std::string tactic;                   // of `run`; "": the kernel's own choice
  std::unique_ptr<const Kernel> tuned;  // `run` where there is a tactic
  std::vector<BufferPlace> inputs;
  BufferPlace output;
  size_t scratch_offset_bytes = 0;
  size_t scratch_bytes = 0;
  int64_t macs = 0;
};

struct Plan {
  std::shared_ptr<const Program> program;  // owns the kernels and names that the steps point to
  InputSize size;
  int threads = 1;
  std::vector<BufferPlace> inputs;
  std::vector<BufferPlace> outputs;
  std::vector<Step> steps;
  size_t arena_bytes = 0;
  size_t peak_bytes = 0;  // what the busiest step needs: the arena can be no smaller
};

// `tactics` names one for each step ("": the kernel's own choice); empty for none. One that a kernel does not
// have here, because a library or a device differs from those that it was found with, is its own choice.
// Fails when a size is below 1, or so small that a value would be empty, or so large that bytes overflow.
// Inputs and outputs keep their bytes through the whole plan, so that it can run again on the same input.
Result<std::shared_ptr<const Plan>> MakePlan(std::shared_ptr<const Program> program, const InputSize& size,
                                             int threads, std::span<const std::string> tactics = {});

}  // namespace segforge
