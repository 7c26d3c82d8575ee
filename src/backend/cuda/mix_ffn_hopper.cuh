// Mix-FFN by warpgroups. A block makes 16 x 8 pixels of y from 18 x 10 of x, whose LayerNorm it keeps in
// shared memory. In turns of 64 hidden channels: the first product goes into a tile of shared memory; from
// there each warp convolves two rows of pixels on the tensor cores, by diagonal matrices
// (depthwise_tiles.cuh); the sums, through the GELU, are in the registers where the second product wants its
// left operand. Each warpgroup convolves half of a turn's channels for all pixels; their sums meet at the
// end. The halo makes the first product half as long again, which is cheaper than a trip to memory.
#pragma once

#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/mix_ffn.h"
#include "backend/cuda/shared_memory.cuh"
#include "backend/cuda/wgmma.cuh"

namespace segforge::cuda {

constexpr int kFfnTileX = 16, kFfnTileY = 8;
constexpr int kFfnHaloX = kFfnTileX + 2, kFfnHaloPixels = kFfnHaloX * (kFfnTileY + 2);
constexpr int kFfnHaloRows = 192;  // the pixels, to whole products of a warpgroup
constexpr int kFfnThreads = 256, kFfnWarps = kFfnThreads / 32;
constexpr int kFfnHaloBytes = kFfnHaloRows * kTileRowBytes;  // of 64 channels

// Shared memory: x, hidden, then twice what a turn needs: w1, w2, taps.
template <int kChannels>
struct FfnLayout {
  static constexpr int kBlocks = FfnInputChannels(kChannels) / 64;
  static constexpr int kHidden = kBlocks * kFfnHaloBytes;
  static constexpr int kTurns = kHidden + kFfnHaloBytes;
  static constexpr int kW2 = kBlocks * kFfnTurn * kTileRowBytes, kTaps = kW2 + kChannels * kTileRowBytes;
  static constexpr int kTurnBytes = kTaps + kFfnTurnWords * 4;
  static constexpr int kBytes = kTurns + 2 * kTurnBytes;
};

// x of the tile and its halo, normalised, without gamma and beta; zeros outside the map.
template <typename T, int kChannels>
__device__ inline void LoadNormalized(const MixFfnArgs& args, uint32_t x_tile, int first_x, int first_y) {
  constexpr int kLanes = FfnLayout<kChannels>::kBlocks * 8;  // of a pixel, eight channels each
  constexpr int kStep = kFfnThreads / kLanes, kTurns = kFfnHaloRows / kStep;
  const int lane = threadIdx.x % kLanes;
  const T* x =
      static_cast<const T*>(args.x) + static_cast<int64_t>(blockIdx.z) * args.height * args.width * kChannels;
  uint4 bits[kTurns];
#pragma unroll
  for (int i = 0; i < kTurns; ++i) {
    const int pixel = threadIdx.x / kLanes + i * kStep;
    const int row = first_y + pixel / kFfnHaloX - 1, column = first_x + pixel % kFfnHaloX - 1;
    const bool inside = pixel < kFfnHaloPixels &&
                        static_cast<unsigned>(row) < static_cast<unsigned>(args.height) &&
                        static_cast<unsigned>(column) < static_cast<unsigned>(args.width);
    bits[i] = make_uint4(0, 0, 0, 0);
    if (inside && lane * 8 < kChannels) {
      const T* from = x + (static_cast<int64_t>(row) * args.width + column) * kChannels + lane * 8;
      bits[i] = *reinterpret_cast<const uint4*>(from);
    }
  }
#pragma unroll
  for (int i = 0; i < kTurns; ++i) {
    auto v = Vector<T>::Of(bits[i]);
    float sum = 0, squares = 0;
#pragma unroll
    for (int e = 0; e < 8; ++e) sum += v.x[e];
#pragma unroll
    for (int step = 1; step < kLanes; step *= 2) sum += __shfl_xor_sync(~0u, sum, step);
    const float mean = lane * 8 < kChannels ? sum / kChannels : 0.0f;
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      v.x[e] -= mean;
      squares = fmaf(v.x[e], v.x[e], squares);
    }
#pragma unroll
    for (int step = 1; step < kLanes; step *= 2) squares += __shfl_xor_sync(~0u, squares, step);
    const float scale = rsqrtf(squares / kChannels + args.eps);
#pragma unroll
    for (int e = 0; e < 8; ++e) v.x[e] *= scale;
    const int pixel = threadIdx.x / kLanes + i * kStep;
    StoreChunk(x_tile + lane / 8 * kFfnHaloBytes + TileOffset(pixel, lane % 8), v.Bits());
  }
}

// Grid: (tiles, 1, n).
template <typename Math, int kChannels>
__global__ void __launch_bounds__(kFfnThreads, kChannels < 128 ? 2 : 1) MixFfnKernel(const MixFfnArgs args) {
#ifdef SEGFORGE_WGMMA
  using T = typename Math::Storage;
  using Layout = FfnLayout<kChannels>;
  constexpr int kBlocks = Layout::kBlocks;
  extern __shared__ __align__(1024) unsigned char shared[];
  const uint32_t x_tile = SharedAddress(shared), hidden_tile = x_tile + Layout::kHidden;
  const int group = threadIdx.x / 128, warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
  const int g = lane / 4, t = lane % 4;
  const int tiles_x = (args.width + kFfnTileX - 1) / kFfnTileX;
  const int first_x = static_cast<int>(blockIdx.x) % tiles_x * kFfnTileX;
  const int first_y = static_cast<int>(blockIdx.x) / tiles_x * kFfnTileY;
  const int turns = args.hidden / kFfnTurn;

  const auto load_turn = [&](int turn) {
    if (turn < turns) {
      const uint32_t to = x_tile + Layout::kTurns + turn % 2 * Layout::kTurnBytes;
      const int row = threadIdx.x / kTileRowChunks, chunk = threadIdx.x % kTileRowChunks;
      constexpr int kStep = kFfnThreads / kTileRowChunks;
      const T* w1 = static_cast<const T*>(args.w1) + static_cast<int64_t>(turn) * kFfnTurn * kBlocks * 64;
#pragma unroll
      for (int i = 0; i < kBlocks * kFfnTurn; i += kStep) {
        const int at = i + row, block = at / kFfnTurn;
        CopyChunk(to + TileOffset(at, chunk), w1 + (at % kFfnTurn * kBlocks + block) * 64 + chunk * 8, true);
      }
      const T* w2 = static_cast<const T*>(args.w2) + turn * kFfnTurn;
#pragma unroll
      for (int i = 0; i < kChannels; i += kStep) {
        CopyChunk(to + Layout::kW2 + TileOffset(i + row, chunk), w2 + (i + row) * args.hidden + chunk * 8,
                  true);
      }
      CopyChunk(to + Layout::kTaps + threadIdx.x * 16, args.taps + turn * kFfnTurnWords + threadIdx.x * 4,
                true);
    }
    CommitCopies();
  };

  load_turn(0);
  WaitForInputs();  // weights are no kernel's output
  LoadNormalized<T, kChannels>(args, x_tile, first_x, first_y);

  // The pixels whose hidden channels this thread makes are 64 group + 16 warp + g, + 8 and, half of their
  // channels, 128 + 16 warp + g, + 8. The convolution pads what is outside the map with zeros.
  const auto is_inside = [&](int pixel) {
    return pixel < kFfnHaloPixels &&
           static_cast<unsigned>(first_y + pixel / kFfnHaloX - 1) < static_cast<unsigned>(args.height) &&
           static_cast<unsigned>(first_x + pixel % kFfnHaloX - 1) < static_cast<unsigned>(args.width);
  };
  const int wide_pixel = group * 64 + warp * 16 + g, narrow_pixel = 128 + warp * 16 + g;
  const bool wide_inside[2] = {is_inside(wide_pixel), is_inside(wide_pixel + 8)};
  const bool narrow_inside[2] = {is_inside(narrow_pixel), is_inside(narrow_pixel + 8)};

  // Where these lanes' rows of a left operand begin: of pixels (row r; 0 and 1 to the right), and of pixels 2
  // to the right (rows 0 and 1, rows 2 and 3).
  uint32_t neighbors[4], columns[2];
#pragma unroll
  for (int r = 0; r < 4; ++r)
    neighbors[r] = hidden_tile + TileOffset((2 * warp + r) * kFfnHaloX + lane % 16 + lane / 16, 0);
#pragma unroll
  for (int r = 0; r < 2; ++r)
    columns[r] = hidden_tile + TileOffset((2 * warp + 2 * r + lane / 16) * kFfnHaloX + lane % 16 + 2, 0);
  const bool on_diagonal = t == g / 2;

  float out[2][kChannels / 8][4];
#pragma unroll 1
  for (int turn = 0; turn < turns; ++turn) {
    WaitForCopies<0>();
    FenceForWgmma();
    __syncthreads();
    load_turn(turn + 1);
    const uint32_t w1 = x_tile + Layout::kTurns + turn % 2 * Layout::kTurnBytes, w2 = w1 + Layout::kW2;
    const unsigned char* taps = shared + (w1 - x_tile) + Layout::kTaps;
    const float* biases = reinterpret_cast<const float*>(taps) + kFfnBiases;

    const auto make_hidden = [&]<int kColumns>(std::integral_constant<int, kColumns>, int first_row,
                                               int first_column, const bool(&inside)[2]) {
      float sums[kColumns / 8][4];
      WgmmaFence();
#pragma unroll
      for (int step = 0; step < 4 * kBlocks; ++step) {
        const uint32_t x = x_tile + step / 4 * kFfnHaloBytes + first_row * kTileRowBytes + step % 4 * 32;
        const uint32_t w = w1 + (step / 4 * kFfnTurn + first_column) * kTileRowBytes + step % 4 * 32;
        Wgmma<Math, kColumns, false>::Run(sums, MatrixDescriptor<128>(x), MatrixDescriptor<128>(w), step > 0);
      }
      WgmmaCommit();
      WgmmaWait<0>();
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
        const float2 bias = *reinterpret_cast<const float2*>(biases + first_column + j * 8 + 2 * t);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const uint32_t pair = Math::Pack(sums[j][2 * half] + bias.x, sums[j][2 * half + 1] + bias.y);
          const uint32_t to =
              hidden_tile + TileOffset(first_row + warp * 16 + half * 8 + g, first_column / 8 + j) + t * 4;
          asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(inside[half] ? pair : 0) : "memory");
        }
      }
    };
    make_hidden(std::integral_constant<int, 32>(), 128, group * 32, narrow_inside);
    make_hidden(std::integral_constant<int, 64>(), group * 64, 0, wide_inside);
    __syncthreads();

#pragma unroll 1
    for (int step = 0; step < 2; ++step) {
      uint32_t active[2][4];  // of each row of pixels
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const int chunk = group * 4 + step * 2 + e;
        const uint32_t place = chunk << 4;
        uint32_t w[kFfnTapWords] = {};
        if (on_diagonal) {
#pragma unroll
          for (int i = 0; i < kFfnTapWords; i += 4) {
            const uint4 words =
                *reinterpret_cast<const uint4*>(taps + ((chunk * 8 + g) * kFfnTapWords + i) * 4);
            w[i] = words.x, w[i + 1] = words.y, w[i + 2] = words.z, w[i + 3] = words.w;
          }
        }
        const float2 bias = *reinterpret_cast<const float2*>(biases + kFfnTurn + chunk * 8 + 2 * t);
        float sum[2][4] = {{bias.x, bias.y, bias.x, bias.y}, {bias.x, bias.y, bias.x, bias.y}};
        uint32_t pixels[4];
#pragma unroll
        for (int r = 0; r < 4; ++r) {
          LoadMatrices(pixels, neighbors[r] ^ place);
          if (r < 3) Math::Mma(sum[0], pixels, w[3 * r], w[3 * r + 1]);
          if (r > 0) Math::Mma(sum[1], pixels, w[3 * r - 3], w[3 * r - 2]);
        }
        LoadMatrices(pixels, columns[0] ^ place);
        Math::Mma(sum[0], pixels, w[2], w[5]);
        Math::Mma(sum[1], pixels, 0, w[2]);
        LoadMatrices(pixels, columns[1] ^ place);
        Math::Mma(sum[0], pixels, w[8], 0);
        Math::Mma(sum[1], pixels, w[5], w[8]);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          active[i][2 * e] = Math::Pack(Gelu<T>(sum[i][0]), Gelu<T>(sum[i][1]));
          active[i][2 * e + 1] = Math::Pack(Gelu<T>(sum[i][2]), Gelu<T>(sum[i][3]));
        }
      }
      WgmmaFence();
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        Wgmma<Math, kChannels, false>::Run(
            out[i], active[i], MatrixDescriptor<128>(w2 + (group * 2 + step) * 32), turn > 0 || step > 0);
      }
      WgmmaCommit();
      WgmmaWait<0>();
    }
  }

  // Each warpgroup finishes one of the two rows of pixels that every warp has.
  __syncthreads();  // the tiles are done with
  float* exchange = reinterpret_cast<float*>(shared) + threadIdx.x % 128;
  constexpr int kSums = kChannels / 2;  // of a thread and row
#pragma unroll
  for (int i = 0; i < kSums; ++i) {
    exchange[((1 - group) * kSums + i) * 128] = group == 0 ? out[1][i / 4][i % 4] : out[0][i / 4][i % 4];
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kSums; ++i) {
    float& mine = out[0][i / 4][i % 4];
    mine = (group == 0 ? mine : out[1][i / 4][i % 4]) + exchange[(group * kSums + i) * 128];
  }
  const int row = first_y + 2 * warp + group;
  if (row >= args.height) return;
  const int64_t image_row = (static_cast<int64_t>(blockIdx.z) * args.height + row) * args.width;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int column = first_x + half * 8 + g;
    if (column >= args.width) continue;
    const int64_t at = (image_row + column) * kChannels;
#pragma unroll
    for (int j = 0; j < kChannels / 8; j += 4) {
      const int c = (j + t) * 8;  // of eight neighbours: PackedRows
      auto v = Vector<T>::Load(static_cast<const T*>(args.x) + at + c);
#pragma unroll
      for (int e = 0; e < 8; ++e) v.x[e] += out[0][j + e / 2][half * 2 + e % 2] + __ldg(args.b2 + c + e);
      v.Store(static_cast<T*>(args.y) + at + c);
    }
  }
#endif
}

}  // namespace segforge::cuda
