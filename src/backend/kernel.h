// What a backend offers: for each op a maker of kernels. A kernel is one node bound to its weights: made
// once, immutable, shared by all plans and threads.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/device_id.h"
#include "backend/labels.h"
#include "base/tensor.h"
#include "base/thread_pool.h"
#include "ir/graph.h"

namespace segforge {

// Tensors and scratch lie in the memory of the backend's device.
struct KernelArgs {
  std::span<const ConstTensorView> inputs;  // of the node's computed inputs, in order; constants are left out
  TensorView output;                        // never overlaps an input unless the kernel said that it may
  std::byte* scratch = nullptr;             // ScratchBytes() of it, 64-byte aligned, contents undefined
  ThreadPool* pool = nullptr;
  void* stream = nullptr;  // the cudaStream_t to launch on, for a CUDA backend; else null
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  // Scratch memory for these shapes of the computed inputs and that many threads.
  virtual size_t ScratchBytes(std::span<const Shape> inputs, int threads) const;
  // True when `output` may be the very memory of computed input `index` (same bytes), e.g. a residual.
  virtual bool MayOverwrite(size_t index) const;
  // Must not allocate, throw or fail: shapes were checked when the plan was made. A CUDA kernel is launched
  // on args.stream and not waited for; what goes wrong on the device is the session's to find.
  virtual void Run(const KernelArgs& args) const = 0;

  // Names of the ways to run at these shapes: "wgmma 128x64 split 2". Their results differ by rounding
  // alone. None where there is one way only. Run takes the one that it believes to be the fastest.
  virtual std::vector<std::string> Tactics(std::span<const Shape> inputs) const;
  // This kernel, which must outlive the result, running in that way, at these shapes alone. kUnsupported for
  // a name that Tactics does not give here; fails where there is no memory for what the way needs.
  virtual Result<std::unique_ptr<const Kernel>> WithTactic(std::span<const Shape> inputs,
                                                           std::string_view tactic) const;
};

// Makes the kernel of one node. Constants are taken from the graph: packed, or shared by pointer.
using KernelMaker = std::function<Result<std::unique_ptr<Kernel>>(const Graph& graph, const Node& node)>;

struct KernelRow {
  Op op;
  std::string_view name;  // "cpu.gemm": what profiles and plans print
  KernelMaker make;
  // Whether the kernel is for this node, its precision included; empty: for every node of the op.
  std::function<bool(const Graph& graph, const Node& node)> takes = {};
};

// What the engine must know of a backend besides its kernels.
struct BackendTraits {
  DeviceId device = {};
  std::vector<Precision> precisions = {Precision::kFp32};  // that its kernels compute in
  LabelKernel labels = CpuUpsampleArgmax;                  // for logits in host memory
};

class Backend {
 public:
  explicit Backend(std::string name, std::vector<KernelRow> rows, BackendTraits traits = {})
      : name_(std::move(name)), rows_(std::move(rows)), traits_(std::move(traits)) {}
  const std::string& name() const { return name_; }
  const BackendTraits& traits() const { return traits_; }
  const DeviceId& device() const { return traits_.device; }
  bool on_cuda() const { return device().kind == DeviceId::Kind::kCuda; }
  bool Runs(Precision precision) const;
  const std::vector<KernelRow>& rows() const { return rows_; }
  const KernelRow* Find(Op op) const;
  bool Offers(Op op) const { return Find(op) != nullptr; }
  bool Takes(const Graph& graph, const Node& node) const;

 private:
  std::string name_;
  std::vector<KernelRow> rows_;  // the first row of an op wins
  BackendTraits traits_;
};

Backend MakeRefBackend();  // plain loops, accumulating in float64: the oracle. Offers every op.
Backend MakeCpuBackend();  // SIMD kernels for the hot ops; ref's where there is none

}  // namespace segforge
