// Conv2d as a matrix product without im2col: a window's rows are kernel_height runs of kernel_width *
// channels floats, taken from a few padded input rows that each thread copies into its cache. PatchLinear,
// whose windows neither overlap nor touch the border, reads the input where it lies.
#include <algorithm>
#include <cstring>

#include "backend/cpu/constants.h"
#include "backend/cpu/gemm.h"
#include "backend/cpu/kernels.h"

namespace segforge {
namespace {

struct ConvWeights {
  PackedWeights packed;
  int64_t kernel_height, kernel_width;
  int64_t stride, pad;
};

Result<ConvWeights> PackConv(const Graph& graph, const Node& node) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto weights, SharedConstant(graph, node, 1));  // [Co, kh, kw, Ci]
  SEGFORGE_ASSIGN_OR_RETURN(const auto bias, SharedConstant(graph, node, 2));
  const auto& attrs = node.as<Conv2dAttrs>();
  return ConvWeights{.packed = PackMatrix(*weights, bias->span<float>().data()),
                     .kernel_height = weights->shape()[1],
                     .kernel_width = weights->shape()[2],
                     .stride = attrs.stride,
                     .pad = attrs.pad};
}

class Conv2dKernel final : public Kernel {
 public:
  explicit Conv2dKernel(ConvWeights weights) : w_(std::move(weights)) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int threads) const override {
    return static_cast<size_t>(threads) * RowsBytes(inputs[0]);
  }

  void Run(const KernelArgs& args) const override {
    const int64_t rows = args.output.shape[0] * args.output.shape[1];
    const int64_t panels = PanelsOf(w_.packed);
    const GridSplit split = SplitGrid(rows, panels, args.pool->threads());
    args.pool->Run([&](int thread) {
      const int64_t r = thread / split.columns;
      const int64_t j = thread % split.columns;
      if (r >= split.rows) return;
      for (int64_t row = rows * r / split.rows; row < rows * (r + 1) / split.rows; ++row) {
        RunRow(args, thread, row, panels * j / split.columns, panels * (j + 1) / split.columns);
      }
    });
  }

 private:
  size_t RowsBytes(const Shape& x) const {  // kernel_height padded input rows, in whole cache lines
    const auto floats = static_cast<size_t>(w_.kernel_height * (x[2] + 2 * w_.pad) * x[3]);
    return (floats * sizeof(float) + AlignedBuffer::kAlignment - 1) / AlignedBuffer::kAlignment *
           AlignedBuffer::kAlignment;
  }

  // One output row, `row` counted over the batch; panels [panel_begin, panel_end) of its channels.
  void RunRow(const KernelArgs& args, int thread, int64_t row, int64_t panel_begin, int64_t panel_end) const {
    const Shape& x = args.inputs[0].shape;
    const Shape& y = args.output.shape;
    auto* window = reinterpret_cast<float*>(args.scratch + static_cast<size_t>(thread) * RowsBytes(x));
    const int64_t image = row / y[1];
    const int64_t padded_elems = (x[2] + 2 * w_.pad) * x[3];
    for (int64_t ky = 0; ky < w_.kernel_height; ++ky) {
      CopyRow(args.inputs[0].as<float>() + image * x[1] * x[2] * x[3], x,
              row % y[1] * w_.stride + ky - w_.pad, window + ky * padded_elems);
    }
    const GemmRows a = {.data = window,
                        .row_stride = w_.stride * x[3],
                        .segments = w_.kernel_height,
                        .segment_stride = padded_elems,
                        .segment_elems = w_.kernel_width * x[3]};
    const GemmOutput out = {.data = args.output.as<float>() + row * y[2] * y[3], .row_stride = y[3]};
    GemmPart(a, y[2], w_.packed, panel_begin, panel_end, out);
  }

  // Input row iy with its zero margins; all zero where iy is outside.
  void CopyRow(const float* image, const Shape& x, int64_t iy, float* target) const {
    const int64_t elems = x[2] * x[3];
    const int64_t margin = w_.pad * x[3];
    if (iy < 0 || iy >= x[1]) {
      std::fill(target, target + elems + 2 * margin, 0.0f);
      return;
    }
    std::fill(target, target + margin, 0.0f);
    std::memcpy(target + margin, image + iy * elems, static_cast<size_t>(elems) * sizeof(float));
    std::fill(target + margin + elems, target + 2 * margin + elems, 0.0f);
  }

  ConvWeights w_;
};

class PatchLinearKernel final : public Kernel {
 public:
  explicit PatchLinearKernel(ConvWeights weights) : w_(std::move(weights)) {}

  void Run(const KernelArgs& args) const override {
    const Shape& x = args.inputs[0].shape;
    const Shape& y = args.output.shape;
    const int64_t row_elems = x[2] * x[3];
    for (int64_t image = 0; image < y[0]; ++image) {
      const GemmRows a = {.data = args.inputs[0].as<float>() + image * x[1] * row_elems,
                          .row_stride = w_.stride * x[3],
                          .group = y[2],
                          .group_stride = w_.stride * row_elems,
                          .segments = w_.kernel_height,
                          .segment_stride = row_elems,
                          .segment_elems = w_.kernel_width * x[3]};
      const int64_t tokens = y[1] * y[2];
      Gemm(a, tokens, w_.packed,
           {.data = args.output.as<float>() + image * tokens * y[3], .row_stride = y[3]}, *args.pool);
    }
  }

 private:
  ConvWeights w_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuConv2d(const Graph& graph, const Node& node) {
  SEGFORGE_ASSIGN_OR_RETURN(ConvWeights weights, PackConv(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<Conv2dKernel>(std::move(weights)));
}

Result<std::unique_ptr<Kernel>> MakeCpuPatchLinear(const Graph& graph, const Node& node) {
  SEGFORGE_ASSIGN_OR_RETURN(ConvWeights weights, PackConv(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<PatchLinearKernel>(std::move(weights)));
}

}  // namespace segforge
