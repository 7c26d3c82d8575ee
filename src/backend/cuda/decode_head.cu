#include "backend/cuda/decode_head.h"

#include <algorithm>

#include "backend/cuda/decode_head_tiles.cuh"
#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/gemm.h"

namespace segforge::cuda {
namespace {

// Pixels of a block: near each other, so that the maps' values are shared.
constexpr int kTileX = 16, kTileY = 8;
constexpr int kPixels = kTileX * kTileY;
constexpr int kWarps = 4;
constexpr int kThreads = 32 * kWarps;
constexpr int kTilesM = kPixels / kWarps / 16;

// Where a pixel's value of a map lies: four map pixels, in pixels of the batch, and how much the second ones
// weigh.
struct Corners {
  int upper_left, upper_right, lower_left, lower_right;
  float right, lower;
};

__device__ inline Corners CornersAt(const Map& map, int image, int row, int column, int height, int width) {
  const Tap y = TapAt(row, map.height, height), x = TapAt(column, map.width, width);
  const int upper = (image * map.height + y.first) * map.width,
            lower = (image * map.height + y.second) * map.width;
  return {upper + x.first, upper + x.second, lower + x.first, lower + x.second, x.weight, y.weight};
}

template <typename T>
__device__ inline void AddMap(const T* map, int64_t channels, const Corners& at, float (&v)[8]) {
  constexpr int kElems = Vector<T>::kElems;
#pragma unroll
  for (int i = 0; i < 8; i += kElems) {
    const auto a = Vector<T>::Load(map + at.upper_left * channels + i);
    const auto b = Vector<T>::Load(map + at.upper_right * channels + i);
    const auto c = Vector<T>::Load(map + at.lower_left * channels + i);
    const auto d = Vector<T>::Load(map + at.lower_right * channels + i);
#pragma unroll
    for (int e = 0; e < kElems; ++e)
      v[i + e] += Mix(Mix(a.x[e], b.x[e], at.right), Mix(c.x[e], d.x[e], at.right), at.lower);
  }
}

// For floats. A block takes its pixels through kHeadStep hidden channels at a time; the hidden map never
// leaves registers. Grid: (tiles along x, tiles along y, n).
template <typename Math>
__global__ void __launch_bounds__(kThreads) DecodeHeadKernel(const DecodeHeadArgs args) {
  WaitForInputs();
  using T = typename Math::Storage;
  constexpr int kElems = kChunkElems<Math>;
  constexpr int kW2Chunks = kHeadStep / kElems;
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ Corners corners[kMaxMaps][kPixels];
  const int chunks = args.channels / kElems;
  const int panels = (chunks + kTileRowChunks - 1) / kTileRowChunks;
  const uint32_t x_tile = SharedAddress(shared);
  const uint32_t w_tiles = x_tile + panels * kPixels * kTileRowBytes;
  const uint32_t w1_bytes = panels * kHeadStep * kTileRowBytes;
  const uint32_t stage_bytes = w1_bytes + kHeadClasses * kHeadStep * sizeof(T);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int first_x = blockIdx.x * kTileX, first_y = blockIdx.y * kTileY;

  const auto load_weights = [&](int step) {
    const uint32_t to = w_tiles + step % 2 * stage_bytes;
    const T* w1 = static_cast<const T*>(args.w1) + static_cast<int64_t>(step) * kHeadStep * args.channels;
    for (int i = threadIdx.x; i < kHeadStep * panels * kTileRowChunks; i += kThreads) {
      const int row = i / (panels * kTileRowChunks), chunk = i % (panels * kTileRowChunks);
      const bool valid = chunk < chunks;
      CopyChunk(to + PanelOffset<kHeadStep>(row, chunk),
                w1 + (valid ? row * args.channels + chunk * kElems : 0), valid);
    }
    const T* w2 = static_cast<const T*>(args.w2) + step * kHeadStep;
    for (int i = threadIdx.x; i < kHeadClasses * kW2Chunks; i += kThreads) {
      const int row = i / kW2Chunks, chunk = i % kW2Chunks;
      CopyChunk(to + w1_bytes + PanelOffset<kHeadClasses>(row, chunk),
                w2 + static_cast<int64_t>(row) * args.hidden + chunk * kElems, true);
    }
  };

  const T* x = static_cast<const T*>(args.x) +
               static_cast<int64_t>(blockIdx.z) * args.height * args.width * args.channels;
  for (int i = threadIdx.x; i < kPixels * panels * kTileRowChunks; i += kThreads) {
    const int pixel = i / (panels * kTileRowChunks), chunk = i % (panels * kTileRowChunks);
    const int row = first_y + pixel / kTileX, column = first_x + pixel % kTileX;
    const bool valid = row < args.height && column < args.width && chunk < chunks;
    const int64_t from =
        valid ? (static_cast<int64_t>(row) * args.width + column) * args.channels + chunk * kElems : 0;
    CopyChunk(x_tile + PanelOffset<kPixels>(pixel, chunk), x + from, valid);
  }
  load_weights(0);
  CommitCopies();
  for (int i = threadIdx.x; i < args.map_count * kPixels; i += kThreads) {
    const int m = i / kPixels, at = i % kPixels;
    corners[m][at] = CornersAt(args.maps[m], blockIdx.z, min(first_y + at / kTileX, args.height - 1),
                               min(first_x + at % kTileX, args.width - 1), args.height, args.width);
  }

  float logits[kTilesM][kHeadClasses / 8][4] = {};
  const int steps = args.hidden / kHeadStep;
  for (int step = 0; step < steps; ++step) {
    WaitForCopies<0>();
    __syncthreads();
    if (step + 1 < steps) load_weights(step + 1);
    CommitCopies();
    const uint32_t w1_tile = w_tiles + step % 2 * stage_bytes, w2_tile = w1_tile + w1_bytes;

    float hidden[kTilesM][kHeadStep / 8][4] = {};
    for (int k = 0; k < panels * kTileRowChunks / 2; ++k) {
      uint32_t a[kTilesM][4];
#pragma unroll
      for (int i = 0; i < kTilesM; ++i) {
        LoadMatrices(a[i],
                     x_tile + PanelOffset<kPixels>((warp * kTilesM + i) * 16 + lane % 16, 2 * k + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < kHeadStep / 16; ++j) {
        uint32_t b[4];
        LoadMatrices(
            b, w1_tile + PanelOffset<kHeadStep>(j * 16 + lane % 8 + lane / 16 * 8, 2 * k + lane / 8 % 2));
#pragma unroll
        for (int i = 0; i < kTilesM; ++i) {
          Math::Mma(hidden[i][2 * j], a[i], b[0], b[1]);
          Math::Mma(hidden[i][2 * j + 1], a[i], b[2], b[3]);
        }
      }
    }

#pragma unroll
    for (int i = 0; i < kTilesM; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int at = (warp * kTilesM + i) * 16 + half * 8 + g;
#pragma unroll
        for (int j = 0; j < kHeadStep / 8; j += 4) {
          const int channel = step * kHeadStep + j * 8 + t * 8;
          float v[8];
#pragma unroll
          for (int e = 0; e < 8; ++e)
            v[e] = hidden[i][j + e / 2][half * 2 + e % 2] + __ldg(args.b1 + channel + e);
#pragma unroll 1
          for (int m = 0; m < args.map_count; ++m) {
            AddMap(static_cast<const T*>(args.maps[m].data) + channel, args.hidden, corners[m][at], v);
          }
#pragma unroll
          for (int e = 0; e < 8; ++e) hidden[i][j + e / 2][half * 2 + e % 2] = fmaxf(v[e], 0.0f);
        }
      }
    }

#pragma unroll
    for (int k = 0; k < kW2Chunks / 2; ++k) {
      uint32_t a[kTilesM][4];
#pragma unroll
      for (int i = 0; i < kTilesM; ++i) {
        a[i][0] = __float_as_uint(hidden[i][k][0]);
        a[i][1] = __float_as_uint(hidden[i][k][2]);
        a[i][2] = __float_as_uint(hidden[i][k][1]);
        a[i][3] = __float_as_uint(hidden[i][k][3]);
      }
#pragma unroll
      for (int j = 0; j < kHeadClasses / 16; ++j) {
        uint32_t b[4];
        LoadMatrices(
            b, w2_tile + PanelOffset<kHeadClasses>(j * 16 + lane % 8 + lane / 16 * 8, 2 * k + lane / 8 % 2));
#pragma unroll
        for (int i = 0; i < kTilesM; ++i) {
          Math::Mma(logits[i][2 * j], a[i], b[0], b[1]);
          Math::Mma(logits[i][2 * j + 1], a[i], b[2], b[3]);
        }
      }
    }
  }

#pragma unroll
  for (int i = 0; i < kTilesM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int at = (warp * kTilesM + i) * 16 + half * 8 + g;
      const int row = first_y + at / kTileX, column = first_x + at % kTileX;
      if (row >= args.height || column >= args.width) continue;
      float* y = args.y + ((static_cast<int64_t>(blockIdx.z) * args.height + row) * args.width + column) *
                              args.classes;
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

template <typename Math>
void LaunchTiles(const DecodeHeadArgs& args, cudaStream_t stream) {
  const int panels = (args.channels * 2 + kTileRowBytes - 1) / kTileRowBytes;
  const int stage_bytes = (panels * kHeadStep + kHeadClasses + kHeadSources) * kTileRowBytes;
  const int shared_bytes =
      panels * kHeadPixels * kTileRowBytes + kHeadPixels * kHeadSources * 2 + 2 * stage_bytes;
  const dim3 grid((args.width + kHeadTileX - 1) / kHeadTileX, (args.height + kHeadTileY - 1) / kHeadTileY,
                  args.n);
  Launch(DecodeHeadTileKernel<Math>, grid, kHeadThreads, shared_bytes, stream, args);
}

// Of one side of a tile, at most: the taps of its first and last pixel are so far apart.
int Sources(int tile, int source, int target) {
  const double between = static_cast<double>(tile - 1) * source / target;
  return std::min(source, static_cast<int>(between) + 3);
}

template <typename Math>
void LaunchIn(const DecodeHeadArgs& args, cudaStream_t stream) {
  const int size = static_cast<int>(sizeof(typename Math::Storage));
  const int panels = (args.channels * size + kTileRowBytes - 1) / kTileRowBytes;
  const int stage_bytes = panels * kHeadStep * kTileRowBytes + kHeadClasses * kHeadStep * size;
  const int shared_bytes = panels * kPixels * kTileRowBytes + 2 * stage_bytes;
  const dim3 grid((args.width + kTileX - 1) / kTileX, (args.height + kTileY - 1) / kTileY, args.n);
  Launch(DecodeHeadKernel<Math>, grid, kThreads, shared_bytes, stream, args);
}

}  // namespace

bool FusesDecodeHead(Precision precision, int channels, int hidden, int classes) {
  const int row_bytes = channels * static_cast<int>(SizeOf(StorageOf(precision)));
  const int whole_steps = 2 * kChunkBytes;
  return row_bytes % whole_steps == 0 && row_bytes <= kHeadMaxRowBytes && hidden % kHeadStep == 0 &&
         classes <= kHeadClasses;
}

bool FusesDecodeHead(Precision precision, std::span<const Map> maps, int height, int width) {
  if (StorageOf(precision) == DType::kF32) return true;
  int sources = 0;
  for (const Map& map : maps) {
    sources += Sources(kHeadTileX, map.width, width) * Sources(kHeadTileY, map.height, height);
  }
  return sources <= kHeadSources;
}

int HeadColumn(Precision precision, int place) {
  if (StorageOf(precision) != DType::kF32) return place;
  const int in_step = place % 8;  // lanes hold columns 2 t and 2 t + 1 where the product wants t and t + 4
  return OutputOfPackedRow(place / 8 * 8 + in_step % 4 * 2 + in_step / 4);
}

void LaunchDecodeHead(Precision precision, const DecodeHeadArgs& args, cudaStream_t stream) {
  WithMath(precision, [&]<typename Math>(Math) {
    if constexpr (sizeof(typename Math::Storage) == 2) {
      LaunchTiles<Math>(args, stream);
    } else {
      LaunchIn<Math>(args, stream);
    }
  });
}

}  // namespace segforge::cuda
