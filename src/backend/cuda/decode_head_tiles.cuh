// The head for 16-bit values, all of it on the tensor cores. Resizing is linear in space: a block's pixels,
// each map's part of it, are a matrix of interpolation weights, [pixels, map pixels nearby], times the map's
// values. The weights of twofold, fourfold and eightfold upsampling are multiples of 1/256 and exact in 16
// bits; sums are float32.
#pragma once

#include "backend/cuda/bilinear.cuh"
#include "backend/cuda/decode_head.h"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/shared_memory.cuh"

namespace segforge::cuda {

constexpr int kHeadTileX = 16, kHeadTileY = 8;  // pixels of a block
constexpr int kHeadPixels = kHeadTileX * kHeadTileY;
constexpr int kHeadWarps = 4;
constexpr int kHeadThreads = 32 * kHeadWarps;
constexpr int kHeadTilesM = kHeadPixels / kHeadWarps / 16;
constexpr int kHeadSources =
    128;  // map pixels that a block's pixels depend on, at most; 96 for a SegFormer's maps

// A tile whose rows are longer than 128 bytes is several such tiles, one after the other.
template <int kRows>
__device__ inline uint32_t PanelOffset(int row, int chunk) {
  return static_cast<uint32_t>(chunk / kTileRowChunks * kRows * kTileRowBytes) +
         TileOffset(row, chunk % kTileRowChunks);
}

// The map pixels between the first and the last that a block reads.
struct SourceRectangle {
  int first_x, first_y, width, height;
};

__device__ inline SourceRectangle SourcesOf(const DecodeHeadArgs& args, const Map& map, int first_x,
                                            int first_y) {
  const int last_x = min(first_x + kHeadTileX, args.width) - 1,
            last_y = min(first_y + kHeadTileY, args.height) - 1;
  const int x = TapAt(first_x, map.width, args.width).first,
            y = TapAt(first_y, map.height, args.height).first;
  return {x, y, TapAt(last_x, map.width, args.width).second - x + 1,
          TapAt(last_y, map.height, args.height).second - y + 1};
}

// The row of packed weights (gemm.h) that holds output o.
__device__ inline int PackedRowOf(int o) { return o / 32 * 32 + o / 2 % 4 * 8 + o / 8 % 4 * 2 + o % 2; }

// Grid: (tiles along x, tiles along y, n).
template <typename Math>
__global__ void __launch_bounds__(kHeadThreads) DecodeHeadTileKernel(const DecodeHeadArgs args) {
  using T = typename Math::Storage;
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ const T* sources[kHeadSources];  // channel 0 of each map pixel, null past the last one
  const int chunks = args.channels / 8, panels = (chunks + kTileRowChunks - 1) / kTileRowChunks;
  const uint32_t x_tile = SharedAddress(shared);
  const uint32_t taps = x_tile + panels * kHeadPixels * kTileRowBytes;  // [pixels, sources]
  const uint32_t stages = taps + kHeadPixels * kHeadSources * 2;
  const uint32_t w1_bytes = panels * kHeadStep * kTileRowBytes, w2_bytes = kHeadClasses * kTileRowBytes;
  const uint32_t stage_bytes = w1_bytes + w2_bytes + kHeadSources * kTileRowBytes;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int first_x = blockIdx.x * kHeadTileX, first_y = blockIdx.y * kHeadTileY, image = blockIdx.z;

  const T* x =
      static_cast<const T*>(args.x) + static_cast<int64_t>(image) * args.height * args.width * args.channels;
  // A thread makes one pixel's row of weights and one source's address.
  static_assert(kHeadThreads == kHeadPixels && kHeadThreads == kHeadSources);
  for (int chunk = 0; chunk < kHeadSources / 8; ++chunk) {
    const uint32_t to = taps + PanelOffset<kHeadPixels>(threadIdx.x, chunk);
    asm volatile("st.shared.v4.u32 [%0], {%1,%1,%1,%1};" ::"r"(to), "r"(0) : "memory");
  }
  const int row = min(first_y + static_cast<int>(threadIdx.x) / kHeadTileX, args.height - 1);
  const int column = min(first_x + static_cast<int>(threadIdx.x) % kHeadTileX, args.width - 1);
  const auto add_weight = [&](int source, float weight) {
    const uint32_t at = taps + PanelOffset<kHeadPixels>(threadIdx.x, source / 8) + source % 8 * 2;
    T* to = reinterpret_cast<T*>(shared + (at - x_tile));
    *to = FromFloat<T>(ToFloat(*to) + weight);  // at the border two taps are one pixel
  };
  int source_count = 0;
  const T* my_source = nullptr;
  for (int m = 0; m < args.map_count; ++m) {
    const Map& map = args.maps[m];
    const SourceRectangle from = SourcesOf(args, map, first_x, first_y);
    const int mine = static_cast<int>(threadIdx.x) - source_count;
    if (mine >= 0 && mine < from.width * from.height) {
      const int64_t at =
          (static_cast<int64_t>(image) * map.height + from.first_y + mine / from.width) * map.width +
          from.first_x + mine % from.width;
      my_source = static_cast<const T*>(map.data) + at * args.hidden;
    }
    const Tap y = TapAt(row, map.height, args.height), x_tap = TapAt(column, map.width, args.width);
    const int upper = source_count + (y.first - from.first_y) * from.width - from.first_x;
    const int lower = source_count + (y.second - from.first_y) * from.width - from.first_x;
    add_weight(upper + x_tap.first, (1 - y.weight) * (1 - x_tap.weight));
    add_weight(upper + x_tap.second, (1 - y.weight) * x_tap.weight);
    add_weight(lower + x_tap.first, y.weight * (1 - x_tap.weight));
    add_weight(lower + x_tap.second, y.weight * x_tap.weight);
    source_count += from.width * from.height;
  }
  sources[threadIdx.x] = my_source;
  const int source_steps = (source_count + 15) / 16;
  __syncthreads();

  WaitForInputs();  // what came before depends on sizes alone
  for (int i = threadIdx.x; i < kHeadPixels * panels * kTileRowChunks; i += kHeadThreads) {
    const int pixel = i / (panels * kTileRowChunks), chunk = i % (panels * kTileRowChunks);
    const int row = first_y + pixel / kHeadTileX, column = first_x + pixel % kHeadTileX;
    const bool valid = row < args.height && column < args.width && chunk < chunks;
    const int64_t from =
        valid ? (static_cast<int64_t>(row) * args.width + column) * args.channels + chunk * 8 : 0;
    CopyChunk(x_tile + PanelOffset<kHeadPixels>(pixel, chunk), x + from, valid);
  }

  const auto load_step = [&](int step) {
    const uint32_t w1_tile = stages + step % 2 * stage_bytes, w2_tile = w1_tile + w1_bytes,
                   map_tile = w2_tile + w2_bytes;
    const T* w1 = static_cast<const T*>(args.w1) + static_cast<int64_t>(step) * kHeadStep * args.channels;
    for (int i = threadIdx.x; i < kHeadStep * panels * kTileRowChunks; i += kHeadThreads) {
      const int o = i / (panels * kTileRowChunks), chunk = i % (panels * kTileRowChunks);
      const bool valid = chunk < chunks;
      CopyChunk(w1_tile + PanelOffset<kHeadStep>(o, chunk),
                w1 + (valid ? PackedRowOf(o) * args.channels + chunk * 8 : 0), valid);
    }
    for (int i = threadIdx.x; i < kHeadClasses * kTileRowChunks; i += kHeadThreads) {
      const int k = i / kTileRowChunks, chunk = i % kTileRowChunks;
      CopyChunk(w2_tile + TileOffset(k, chunk),
                static_cast<const T*>(args.w2) + static_cast<int64_t>(k) * args.hidden + step * kHeadStep +
                    chunk * 8,
                true);
    }
    for (int i = threadIdx.x; i < source_steps * 16 * kTileRowChunks; i += kHeadThreads) {
      const int source = i / kTileRowChunks, chunk = i % kTileRowChunks;
      const T* from = sources[source];
      CopyChunk(map_tile + TileOffset(source, chunk),
                from != nullptr ? from + step * kHeadStep + chunk * 8 : x, from != nullptr);
    }
    CommitCopies();
  };

  load_step(0);
  float logits[kHeadTilesM][kHeadClasses / 8][4] = {};
  const int steps = args.hidden / kHeadStep;
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    WaitForCopies<0>();
    __syncthreads();
    if (step + 1 < steps) load_step(step + 1);
    const uint32_t w1_tile = stages + step % 2 * stage_bytes, w2_tile = w1_tile + w1_bytes,
                   map_tile = w2_tile + w2_bytes;

    float hidden[kHeadTilesM][kHeadStep / 8][4];
#pragma unroll
    for (int j = 0; j < kHeadStep / 8; ++j) {
      const float2 bias = __ldg(reinterpret_cast<const float2*>(args.b1 + step * kHeadStep + j * 8 + t * 2));
#pragma unroll
      for (int i = 0; i < kHeadTilesM; ++i) {
        hidden[i][j][0] = hidden[i][j][2] = bias.x;
        hidden[i][j][1] = hidden[i][j][3] = bias.y;
      }
    }
#pragma unroll 1
    for (int k = 0; k < chunks / 2; ++k) {
      uint32_t a[kHeadTilesM][4];
#pragma unroll
      for (int i = 0; i < kHeadTilesM; ++i) {
        LoadMatrices(a[i], x_tile + PanelOffset<kHeadPixels>((warp * kHeadTilesM + i) * 16 + lane % 16,
                                                             2 * k + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < kHeadStep / 16; ++j) {
        uint32_t b[4];
        LoadMatrices(
            b, w1_tile + PanelOffset<kHeadStep>(j * 16 + lane % 8 + lane / 16 * 8, 2 * k + lane / 8 % 2));
#pragma unroll
        for (int i = 0; i < kHeadTilesM; ++i) {
          Math::Mma(hidden[i][2 * j], a[i], b[0], b[1]);
          Math::Mma(hidden[i][2 * j + 1], a[i], b[2], b[3]);
        }
      }
    }
#pragma unroll 1
    for (int k = 0; k < source_steps; ++k) {
      uint32_t a[kHeadTilesM][4];
#pragma unroll
      for (int i = 0; i < kHeadTilesM; ++i) {
        LoadMatrices(a[i], taps + PanelOffset<kHeadPixels>((warp * kHeadTilesM + i) * 16 + lane % 16,
                                                           2 * k + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < kHeadStep / 16; ++j) {
        uint32_t b[4];
        LoadMatricesTransposed(b, map_tile + TileOffset(k * 16 + lane % 16, 2 * j + lane / 16));
#pragma unroll
        for (int i = 0; i < kHeadTilesM; ++i) {
          Math::Mma(hidden[i][2 * j], a[i], b[0], b[1]);
          Math::Mma(hidden[i][2 * j + 1], a[i], b[2], b[3]);
        }
      }
    }
#pragma unroll
    for (int k = 0; k < kHeadStep / 16; ++k) {
      uint32_t a[kHeadTilesM][4];
#pragma unroll
      for (int i = 0; i < kHeadTilesM; ++i) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const float* pair = &hidden[i][2 * k + e / 2][e % 2 * 2];
          a[i][e] = Math::Pack(fmaxf(pair[0], 0.0f), fmaxf(pair[1], 0.0f));
        }
      }
#pragma unroll
      for (int j = 0; j < kHeadClasses / 16; ++j) {
        uint32_t b[4];
        LoadMatrices(b, w2_tile + TileOffset(j * 16 + lane % 8 + lane / 16 * 8, 2 * k + lane / 8 % 2));
#pragma unroll
        for (int i = 0; i < kHeadTilesM; ++i) {
          Math::Mma(logits[i][2 * j], a[i], b[0], b[1]);
          Math::Mma(logits[i][2 * j + 1], a[i], b[2], b[3]);
        }
      }
    }
  }

#pragma unroll
  for (int i = 0; i < kHeadTilesM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int at = (warp * kHeadTilesM + i) * 16 + half * 8 + g;
      const int y_row = first_y + at / kHeadTileX, y_column = first_x + at % kHeadTileX;
      if (y_row >= args.height || y_column >= args.width) continue;
      float* y = args.y +
                 ((static_cast<int64_t>(image) * args.height + y_row) * args.width + y_column) * args.classes;
#pragma unroll
      for (int j = 0; j < kHeadClasses / 8; ++j) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          const int k = j * 8 + t * 2 + e;
          if (k < args.classes) y[k] = logits[i][j][half * 2 + e] + args.b2[k];
        }
      }
    }
  }
}

}  // namespace segforge::cuda
