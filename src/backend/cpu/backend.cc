// The table of the CPU backend. Ops without a row here run on the reference kernels: they are off the hot
// path, or rewritten by the passes.
#include "backend/cpu/kernels.h"
#include "backend/cpu/simd_kernels.h"
#include "backend/kernel.h"

namespace segforge {

Backend MakeCpuBackend() {
  std::vector<KernelRow> rows = {
      {Op::kLinear, "cpu.gemm", MakeCpuLinear},
      {Op::kLinearEpilogue, "cpu.gemm", MakeCpuLinear},
      {Op::kConv2d, "cpu.conv2d", MakeCpuConv2d},
      {Op::kPatchLinear, "cpu.patch_linear", MakeCpuPatchLinear},
      {Op::kAttention, "cpu.attention", MakeCpuAttention},
      {Op::kMixFfn, "cpu.mix_ffn", MakeCpuMixFfn},
      {Op::kDecodeHead, "cpu.decode_head", MakeCpuDecodeHead},
      {Op::kLayerNorm, "cpu.layer_norm", MakeCpuLayerNorm},
      {Op::kDepthwiseConv2d, "cpu.depthwise_conv", MakeCpuDepthwiseConv},
      {Op::kDepthwiseConvGelu, "cpu.depthwise_conv", MakeCpuDepthwiseConv},
      {Op::kUpsampleSum, "cpu.upsample_sum", MakeCpuUpsampleSum},
      {Op::kResizeBilinear, "cpu.resize_bilinear", MakeCpuResizeBilinear},
      {Op::kGelu, "cpu.gelu", MakeCpuUnary},
      {Op::kRelu, "cpu.relu", MakeCpuUnary},
      {Op::kAdd, "cpu.add", MakeCpuBinary},
      {Op::kMul, "cpu.mul", MakeCpuBinary},
      // The parts of LayerNorm, GELU and attention, for those who leave them so
      {Op::kSub, "cpu.sub", MakeCpuBinary},
      {Op::kDiv, "cpu.div", MakeCpuBinary},
      {Op::kSqrt, "cpu.sqrt", MakeCpuUnary},
      {Op::kErf, "cpu.erf", MakeCpuUnary},
      {Op::kReduceMean, "cpu.reduce_mean", MakeCpuReduceMean},
      {Op::kMatMul, "cpu.matmul", MakeCpuMatMul},
      {Op::kSoftmax, "cpu.softmax", MakeCpuSoftmax},
  };
  const Backend reference = MakeRefBackend();
  rows.insert(rows.end(), reference.rows().begin(), reference.rows().end());
  return Backend("cpu", std::move(rows));
}

}  // namespace segforge
