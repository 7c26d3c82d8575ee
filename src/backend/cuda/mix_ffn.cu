#include "backend/cuda/mix_ffn.h"

#include "backend/cuda/mix_ffn_hopper.cuh"
#include "backend/cuda/properties.h"

namespace segforge::cuda {
namespace {

template <typename Math, int kChannels>
void LaunchFor(const MixFfnArgs& args, cudaStream_t stream) {
  const int tiles_x = (args.width + kFfnTileX - 1) / kFfnTileX,
            tiles_y = (args.height + kFfnTileY - 1) / kFfnTileY;
  const dim3 grid(static_cast<unsigned>(tiles_x * tiles_y), 1, static_cast<unsigned>(args.n));
  Launch(MixFfnKernel<Math, kChannels>, grid, kFfnThreads, FfnLayout<kChannels>::kBytes, stream, args);
}

template <typename Math>
void LaunchIn(const MixFfnArgs& args, cudaStream_t stream) {
  if (args.channels == 32) return LaunchFor<Math, 32>(args, stream);
  if (args.channels == 64) return LaunchFor<Math, 64>(args, stream);
  LaunchFor<Math, 128>(args, stream);
}

}  // namespace

bool FusesMixFfn(Precision precision, int64_t channels, int64_t hidden) {
  const bool is_narrow = channels == 32 || channels == 64 || channels == 128;
  const bool is_half = precision == Precision::kFp16 || precision == Precision::kBf16;
  return is_narrow && is_half && hidden % kFfnTurn == 0 && HasWarpgroups();
}

void LaunchMixFfn(Precision precision, const MixFfnArgs& args, cudaStream_t stream) {
  if (precision == Precision::kFp16) return LaunchIn<Fp16>(args, stream);
  LaunchIn<Bf16>(args, stream);
}

}  // namespace segforge::cuda
