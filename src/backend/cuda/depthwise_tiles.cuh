// Depthwise 3 x 3 convolution of 16-bit maps on the tensor cores. One tap of eight channels is a product with
// a diagonal matrix; two taps fill a step of mma.sync, whose left operand are 16 neighbouring pixels of a
// row, shifted by the taps while they are loaded. Seven eighths of the multiply-adds are by zero, and yet the
// vector units, which must take the GELUs, are relieved of nine tenths of their work.
#pragma once

#include "backend/cuda/depthwise_conv.h"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/shared_memory.cuh"

namespace segforge::cuda {

constexpr int kConvTileX = 16, kConvTileY = 8;                           // output pixels of a block
constexpr int kConvHaloX = kConvTileX + 2, kConvHaloY = kConvTileY + 2;  // input pixels
constexpr int kConvChannels = 64;  // of a block: a tile's row of 128 bytes
constexpr int kConvWarps = 4;
constexpr int kConvThreads = 32 * kConvWarps;
constexpr int kConvRows = kConvTileY / kConvWarps;  // of a warp
constexpr int kConvSharedBytes = (kConvHaloX * kConvHaloY + kConvTileX * kConvTileY) * kTileRowBytes;

// Channels from `first` on; zeros outside the map and past its last channel.
template <typename T>
__device__ inline void CopyHalo(const DepthwiseConvArgs& args, uint32_t tile, int first_x, int first_y,
                                int first) {
  const T* x = static_cast<const T*>(args.x) +
               static_cast<int64_t>(blockIdx.z) * args.height * args.width * args.channels;
  for (int i = threadIdx.x; i < kConvHaloX * kConvHaloY * kTileRowChunks; i += kConvThreads) {
    const int pixel = i / kTileRowChunks, chunk = i % kTileRowChunks;
    const int row = first_y + pixel / kConvHaloX - 1, column = first_x + pixel % kConvHaloX - 1;
    const int c = first + chunk * 8;
    const bool valid = static_cast<unsigned>(row) < static_cast<unsigned>(args.height) &&
                       static_cast<unsigned>(column) < static_cast<unsigned>(args.width) && c < args.channels;
    const int64_t from = (static_cast<int64_t>(row) * args.width + column) * args.channels + c;
    CopyChunk(tile + TileOffset(pixel, chunk), valid ? x + from : x, valid);
  }
}

// Grid: (tiles along x times groups of channels, tiles along y, n).
template <typename Math, bool kGelu>
__global__ void __launch_bounds__(kConvThreads) DepthwiseTileKernel(const DepthwiseConvArgs args) {
  using T = typename Math::Storage;
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ uint32_t
      weights[9][kConvChannels];  // in the half of the word where their row of the diagonal has it
  __shared__ float biases[kConvChannels];
  const uint32_t tile = SharedAddress(shared), out_tile = tile + kConvHaloX * kConvHaloY * kTileRowBytes;
  const int groups = (args.channels + kConvChannels - 1) / kConvChannels;
  const int first_c = static_cast<int>(blockIdx.x) % groups * kConvChannels;
  const int first_x = static_cast<int>(blockIdx.x) / groups * kConvTileX;
  const int first_y = static_cast<int>(blockIdx.y) * kConvTileY;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;

  for (int i = threadIdx.x; i < 9 * kConvChannels; i += kConvThreads) {
    const int tap = i / kConvChannels, c = first_c + i % kConvChannels;
    const float w = c < args.channels ? args.w[tap * args.channels + c] : 0.0f;
    weights[tap][i % kConvChannels] = i % 2 == 0 ? Math::Pack(w, 0.0f) : Math::Pack(0.0f, w);
  }
  if (threadIdx.x < kConvChannels) {
    biases[threadIdx.x] = first_c + threadIdx.x < args.channels ? args.bias[first_c + threadIdx.x] : 0.0f;
  }
  WaitForInputs();  // weights are no kernel's output
  CopyHalo<T>(args, tile, first_x, first_y, first_c);
  CommitCopies();
  WaitForCopies<0>();
  __syncthreads();

  // Where these lanes' pixels begin, with the first chunk's place in the swizzle; another chunk's is an XOR
  // away.
  uint32_t pixels[kConvRows][5], outputs[kConvRows][2];
#pragma unroll
  for (int i = 0; i < kConvRows; ++i) {
    const int row = warp * kConvRows + i;
#pragma unroll
    for (int step = 0; step < 5; ++step) {
      const int tap = min(2 * step + lane / 16, 8);
      pixels[i][step] = tile + TileOffset((row + tap / 3) * kConvHaloX + lane % 16 + tap % 3, 0);
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      outputs[i][half] = out_tile + TileOffset(row * kConvTileX + half * 8 + g, 0) + t * 4;
    }
  }
  const bool on_diagonal = t == g / 2;
#pragma unroll 1
  for (int chunk = 0; chunk < kTileRowChunks; ++chunk) {
    uint32_t diagonal[10] = {};  // of each tap, rows 2 t and 2 t + 1, column g
#pragma unroll
    for (int tap = 0; tap < 9; ++tap) diagonal[tap] = on_diagonal ? weights[tap][chunk * 8 + g] : 0;
    const float2 bias = *reinterpret_cast<const float2*>(&biases[chunk * 8 + 2 * t]);
    const uint32_t place = chunk << 4;
#pragma unroll
    for (int i = 0; i < kConvRows; ++i) {
      float sum[4] = {bias.x, bias.y, bias.x, bias.y};
#pragma unroll
      for (int step = 0; step < 5; ++step) {
        uint32_t a[4];
        LoadMatrices(a, pixels[i][step] ^ place);
        Math::Mma(sum, a, diagonal[2 * step], diagonal[2 * step + 1]);
      }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float first = kGelu ? Gelu<T>(sum[2 * half]) : sum[2 * half];
        const float second = kGelu ? Gelu<T>(sum[2 * half + 1]) : sum[2 * half + 1];
        asm volatile("st.shared.u32 [%0], %1;" ::"r"(outputs[i][half] ^ place), "r"(Math::Pack(first, second))
                     : "memory");
      }
    }
  }
  __syncwarp();  // a warp stores the rows that it made

  T* y =
      static_cast<T*>(args.y) + static_cast<int64_t>(blockIdx.z) * args.height * args.width * args.channels;
#pragma unroll
  for (int i = 0; i < kConvRows * kConvTileX * kTileRowChunks / 32; ++i) {
    const int at = i * 32 + lane, chunk = at % kTileRowChunks;
    const int pixel = warp * kConvRows * kConvTileX + at / kTileRowChunks;
    const int row = first_y + pixel / kConvTileX, column = first_x + pixel % kConvTileX,
              c = first_c + chunk * 8;
    if (row >= args.height || column >= args.width || c >= args.channels) continue;
    uint4 bits;
    asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(bits.x), "=r"(bits.y), "=r"(bits.z), "=r"(bits.w)
                 : "r"(out_tile + TileOffset(pixel, chunk)));
    *reinterpret_cast<uint4*>(y + (static_cast<int64_t>(row) * args.width + column) * args.channels + c) =
        bits;
  }
}

}  // namespace segforge::cuda
