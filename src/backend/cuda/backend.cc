// The table of the CUDA backend: every op. MixFfn is for some widths and GPUs; elsewhere its parts are faster
// in kernels of their own.
#include <cuda_runtime_api.h>

#include "backend/cuda/cuda.h"
#include "backend/cuda/handles.h"
#include "backend/cuda/kernels.h"

namespace segforge {
namespace {

// Kernels keep their weights on the device, whichever is current on the caller's thread.
KernelMaker OnDevice(int device, cuda::MadeKernel (*make)(const Graph&, const Node&)) {
  return [device, make](const Graph& graph, const Node& node) -> cuda::MadeKernel {
    const cuda::DeviceScope scope(device);
    SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), fmt::format("cuda:{}", device));
    return make(graph, node);
  };
}

}  // namespace

Result<Backend> MakeCudaBackend(int device) {
  SEGFORGE_ASSIGN_OR_RETURN(const CudaDevice chosen, DescribeCudaDevice(device));
  if (chosen.compute_major * 10 + chosen.compute_minor < 75) {
    return Unsupported("cuda:{}: {} has compute capability {}.{}; 7.5 is the least", device, chosen.name,
                       chosen.compute_major, chosen.compute_minor);
  }
  const auto on_device = [device](auto make) { return OnDevice(device, make); };
  const auto takes_mix_ffn = [device](const Graph& graph, const Node& node) {
    const cuda::DeviceScope scope(device);
    return scope.error() == cudaSuccess && cuda::TakesMixFfn(graph, node);
  };
  std::vector<KernelRow> rows = {
      {Op::kLinear, "cuda.gemm", on_device(cuda::MakeLinear)},
      {Op::kLinearEpilogue, "cuda.gemm", on_device(cuda::MakeLinear)},
      {Op::kConv2d, "cuda.conv2d", on_device(cuda::MakeConv2d)},
      {Op::kPatchLinear, "cuda.conv2d", on_device(cuda::MakeConv2d)},
      {Op::kAttention, "cuda.attention", on_device(cuda::MakeAttention)},
      {Op::kDepthwiseConv2d, "cuda.depthwise_conv", on_device(cuda::MakeDepthwiseConv)},
      {Op::kDepthwiseConvGelu, "cuda.depthwise_conv", on_device(cuda::MakeDepthwiseConv)},
      {Op::kLayerNorm, "cuda.layer_norm", on_device(cuda::MakeLayerNorm)},
      {Op::kGelu, "cuda.gelu", on_device(cuda::MakeActivation)},
      {Op::kRelu, "cuda.relu", on_device(cuda::MakeActivation)},
      {Op::kAdd, "cuda.add", on_device(cuda::MakeAdd)},
      {Op::kCast, "cuda.cast", on_device(cuda::MakeCast)},
      {Op::kResizeBilinear, "cuda.upsample_sum", on_device(cuda::MakeResizeBilinear)},
      {Op::kUpsampleSum, "cuda.upsample_sum", on_device(cuda::MakeUpsampleSum)},
      {Op::kMixFfn, "cuda.mix_ffn", on_device(cuda::MakeMixFfn), takes_mix_ffn},
      {Op::kDecodeHead, "cuda.decode_head", on_device(cuda::MakeDecodeHead)},
      {Op::kSqrt, "cuda.sqrt", on_device(cuda::MakeUnary)},
      {Op::kErf, "cuda.erf", on_device(cuda::MakeUnary)},
      {Op::kSub, "cuda.sub", on_device(cuda::MakeBinary)},
      {Op::kMul, "cuda.mul", on_device(cuda::MakeBinary)},
      {Op::kDiv, "cuda.div", on_device(cuda::MakeBinary)},
      {Op::kPow, "cuda.pow", on_device(cuda::MakeBinary)},
      {Op::kBatchNorm, "cuda.batch_norm", on_device(cuda::MakeBatchNorm)},
      {Op::kReduceMean, "cuda.reduce_mean", on_device(cuda::MakeRows)},
      {Op::kSoftmax, "cuda.softmax", on_device(cuda::MakeRows)},
      {Op::kMatMul, "cuda.matmul", on_device(cuda::MakeMatMul)},
      {Op::kTranspose, "cuda.transpose", on_device(cuda::MakeTranspose)},
      {Op::kConcat, "cuda.concat", on_device(cuda::MakeConcat)},
      {Op::kReshape, "cuda.reshape", on_device(cuda::MakeReshape)},
  };
  BackendTraits traits;
  traits.device = {DeviceId::Kind::kCuda, device};
  traits.precisions = {Precision::kFp32, Precision::kTf32, Precision::kFp16};
  if (chosen.compute_major >= 8) traits.precisions.push_back(Precision::kBf16);
  return Backend("cuda", std::move(rows), std::move(traits));
}

}  // namespace segforge
