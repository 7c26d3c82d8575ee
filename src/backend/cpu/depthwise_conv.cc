// y[n,h,w,c] = b[c] + sum over ky, kx of x[n, h+ky-1, w+kx-1, c] * k[ky,kx,c], then GELU if fused.
// 3 x 3, stride 1, padding 1, channels last: vectors run over channels. The GELU costs 14 operations beside
// the 9 of the convolution, and saves a pass over the widest maps of the model.
#include "backend/cpu/depthwise_conv.h"

#include "backend/cpu/constants.h"
#include "backend/cpu/simd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/depthwise_conv.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/depthwise_conv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

// Rows begin..end - 1 of `height * batch` output rows.
void DepthwiseRows(const DepthwiseConvArgs& args, int64_t begin, int64_t end) {
  const auto width = static_cast<int64_t>(args.shape.width);
  const int64_t in_row = width * static_cast<int64_t>(args.shape.in_stride);
  const int64_t out_row = width * static_cast<int64_t>(args.shape.out_stride);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t h = row % args.height;
    const float* x = args.x + row * in_row;
    DepthwiseRow(h > 0 ? x - in_row : nullptr, x, h + 1 < args.height ? x + in_row : nullptr, args.shape,
                 args.weights, args.bias, args.y + row * out_row, args.gelu);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(DepthwiseRows);

class DepthwiseConvKernel : public Kernel {
 public:
  DepthwiseConvKernel(std::shared_ptr<const Tensor> weights, std::shared_ptr<const Tensor> bias, bool gelu)
      : weights_(std::move(weights)), bias_(std::move(bias)), gelu_(gelu) {}

  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    const auto channels = static_cast<size_t>(shape[3]);
    CpuDepthwiseConv({.x = args.inputs[0].as<float>(),
                      .weights = weights_->span<float>().data(),
                      .bias = bias_->span<float>().data(),
                      .y = args.output.as<float>(),
                      .batch = shape[0],
                      .height = shape[1],
                      .shape = {static_cast<size_t>(shape[2]), channels, channels, channels, channels},
                      .gelu = gelu_},
                     *args.pool);
  }

 private:
  std::shared_ptr<const Tensor> weights_;
  std::shared_ptr<const Tensor> bias_;
  bool gelu_;
};

}  // namespace

void CpuDepthwiseConv(const DepthwiseConvArgs& args, ThreadPool& pool) {
  pool.ParallelFor(args.batch * args.height, 1, [&](int64_t begin, int64_t end, int) {
    HWY_DYNAMIC_DISPATCH(DepthwiseRows)(args, begin, end);
  });
}

Result<std::unique_ptr<Kernel>> MakeCpuDepthwiseConv(const Graph& graph, const Node& node) {
  SEGFORGE_ASSIGN_OR_RETURN(auto weights, SharedConstant(graph, node, 1));
  SEGFORGE_ASSIGN_OR_RETURN(auto bias, SharedConstant(graph, node, 2));
  const Conv2dAttrs& attributes = node.as<Conv2dAttrs>();
  const Shape& shape = weights->shape();
  if (shape[0] != 3 || shape[1] != 3 || attributes.stride != 1 || attributes.pad != 1) {
    return Unsupported(
        "{}: the CPU backend's depthwise convolution is 3 x 3, stride 1, padding 1; got {} x {}, "
        "stride {}, padding {}",
        node.name, shape[0], shape[1], attributes.stride, attributes.pad);
  }
  return std::unique_ptr<Kernel>(std::make_unique<DepthwiseConvKernel>(std::move(weights), std::move(bias),
                                                                       node.op == Op::kDepthwiseConvGelu));
}

}  // namespace segforge
#endif  // HWY_ONCE
