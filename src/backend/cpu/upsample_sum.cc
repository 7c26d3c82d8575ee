// y[n,v,u,c] = activation(x0[n,v,u,c] + sum over i of x_i resized to x0's height and width)
// ResizeBilinear is the same with one source and no x0. An output row first interpolates two rows of each
// source into scratch, which stays in L2, then adds the columns: 2 multiply-adds a source and element.
#include "backend/cpu/upsample_sum.h"

#include <array>

#include "backend/cpu/simd_kernels.h"
#include "base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/upsample_sum.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/resize-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

// One of the N * height output rows; `scratch` has room for a row of each source.
void UpsampleSumOneRow(const UpsampleSumArgs& args, int64_t row, float* scratch) {
  ResizedRow rows[kMaxResizeSources];
  InterpolateSources(args.sources, {row, args.height, args.width}, args.channels, scratch, rows);
  const int64_t offset = row * args.width * args.channels;
  UpsampleSumRow(args.base == nullptr ? nullptr : args.base + offset, rows, args.sources.size(),
                 {0, static_cast<size_t>(args.width)}, static_cast<size_t>(args.channels), args.activation,
                 args.y + offset);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(UpsampleSumOneRow);

// UpsampleSum, or ResizeBilinear when there is no base.
class UpsampleSumKernel : public Kernel {
 public:
  UpsampleSumKernel(bool has_base, Activation activation) : has_base_(has_base), activation_(activation) {}

  bool MayOverwrite(size_t index) const override { return has_base_ && index == 0; }

  size_t ScratchBytes(std::span<const Shape> inputs, int threads) const override {
    std::array<ResizeSource, kMaxResizeSources> sources;
    size_t count = 0;
    for (const Shape& shape : inputs.subspan(has_base_ ? 1 : 0))
      sources[count++] = {.map = nullptr, .height = shape[1], .width = shape[2]};
    return UpsampleSumScratchBytes({sources.data(), count}, inputs[0][3], threads);
  }

  void Run(const KernelArgs& args) const override {
    std::array<ResizeSource, kMaxResizeSources> sources;
    size_t count = 0;
    for (const ConstTensorView& input : args.inputs.subspan(has_base_ ? 1 : 0))
      sources[count++] = {.map = input.as<float>(), .height = input.shape[1], .width = input.shape[2]};
    const Shape& shape = args.output.shape;
    CpuUpsampleSum({.base = has_base_ ? args.inputs[0].as<float>() : nullptr,
                    .sources = {sources.data(), count},
                    .y = args.output.as<float>(),
                    .batch = shape[0],
                    .height = shape[1],
                    .width = shape[2],
                    .channels = shape[3],
                    .activation = activation_,
                    .scratch = args.scratch},
                   *args.pool);
  }

 private:
  bool has_base_;
  Activation activation_;
};

Status CheckInputs(const Graph& graph, const Node& node, size_t max_inputs) {
  if (node.inputs.size() > max_inputs) {
    return Unsupported("{}: expected at most {} inputs on the CPU backend, got {}", node.name, max_inputs,
                       node.inputs.size());
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (graph.ConstantInput(node, i) != nullptr)
      return Unsupported("{}: input {} must not be a constant on the CPU backend", node.name, i);
  }
  return Status();
}

}  // namespace

size_t UpsampleSumScratchBytes(std::span<const ResizeSource> sources, int64_t channels, int threads) {
  return static_cast<size_t>(ResizedRowElems(sources, channels) * threads) * sizeof(float);
}

void CpuUpsampleSum(const UpsampleSumArgs& args, ThreadPool& pool) {
  SEGFORGE_CHECK(args.sources.size() <= kMaxResizeSources);
  const int64_t row_elems = ResizedRowElems(args.sources, args.channels);
  pool.ParallelFor(args.batch * args.height, 1, [&](int64_t begin, int64_t end, int thread) {
    float* scratch = reinterpret_cast<float*>(args.scratch) + thread * row_elems;
    for (int64_t row = begin; row < end; ++row) HWY_DYNAMIC_DISPATCH(UpsampleSumOneRow)(args, row, scratch);
  });
}

Result<std::unique_ptr<Kernel>> MakeCpuUpsampleSum(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckInputs(graph, node, kMaxResizeSources + 1));
  return std::unique_ptr<Kernel>(
      std::make_unique<UpsampleSumKernel>(true, node.as<UpsampleSumAttrs>().activation));
}

Result<std::unique_ptr<Kernel>> MakeCpuResizeBilinear(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckInputs(graph, node, 1));
  return std::unique_ptr<Kernel>(std::make_unique<UpsampleSumKernel>(false, Activation::kNone));
}

}  // namespace segforge
#endif  // HWY_ONCE
