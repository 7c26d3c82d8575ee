// The steps of a graph at one input size, with every buffer's place in the arena.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/kernel.h"

namespace segforge {

struct BufferPlace {
  size_t offset_bytes = 0;
  DType dtype = DType::kF32;
  Shape shape;
};

struct Step {
  std::string name;         // of the node
  std::string_view kernel;  // "cpu.gemm"
  const Kernel* run = nullptr;
  std::vector<BufferPlace> inputs;
  BufferPlace output;
  size_t scratch_offset_bytes = 0;
  int64_t macs = 0;
};

struct Plan {
  InputSize size;
  int threads = 1;
  BufferPlace input;
  std::vector<BufferPlace> outputs;
  std::vector<Step> steps;
  size_t arena_bytes = 0;
};

// A step whose places have become pointers into one session's arena.
struct BoundStep {
  const Kernel* run = nullptr;
  std::vector<ConstTensorView> inputs;
  TensorView output;
  std::byte* scratch = nullptr;
};

}  // namespace segforge
