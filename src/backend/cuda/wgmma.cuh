// Products of a warpgroup (four warps, 128 threads) on Hopper's tensor cores: wgmma, compute capability 9.0a
// alone. The operands in shared memory are tiles as shared_memory.cuh lays them out: its order of chunks is
// the hardware's 128-byte swizzle (and for rows of four chunks its 64-byte swizzle), provided that a tile
// starts at a multiple of 1024 bytes. Accumulators lie as those of mma.sync: warp w has rows 16 w + g and 16
// w + g + 8.
#pragma once

#include <cstdint>

#include "backend/cuda/math.cuh"

namespace segforge::cuda {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define SEGFORGE_WGMMA 1
#endif

#ifdef SEGFORGE_WGMMA

// A number that all lanes of a warp have, told to the compiler: descriptors made of it then stay in registers
// of the warp, where instructions want them.
__device__ inline int UniformOf(int value) { return __shfl_sync(~0u, value, 0); }

// PTX ISA, "Matrix descriptor": address, stride between groups of eight rows, swizzle; rows of kRowBytes, 128
// or 64.
template <int kRowBytes>
__device__ inline uint64_t MatrixDescriptor(uint32_t shared) {
  static_assert(kRowBytes == 128 || kRowBytes == 64);
  const uint64_t swizzle = kRowBytes == 128 ? 1 : 2;
  const uint64_t group_stride = kRowBytes * 8 / 16;
  return swizzle << 62 | group_stride << 32 | uint64_t{1} << 16 | (shared & 0x3FFFF) >> 4;
}

// Makes what this thread copied or stored into shared memory visible to wgmma; before the barrier.
__device__ inline void FenceForWgmma() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
__device__ inline void WgmmaFence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void WgmmaCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int kPending>
__device__ inline void WgmmaWait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

// d (+)= a b, a [64, k] and b [k, kColumns] with k of 32 bytes; b's rows in memory are its columns, or with
// kTransposed (halves alone) its rows. `add` false overwrites d. An instruction's text must be a literal:
// hence the macros, for each number of columns the names of its accumulators and those of the operands after
// them.
template <typename Math, int kColumns, bool kTransposed>
struct Wgmma;

// clang-format off
#define SEGFORGE_D1(j) "+f"(d[j][0]), "+f"(d[j][1]), "+f"(d[j][2]), "+f"(d[j][3])
#define SEGFORGE_D4(j) SEGFORGE_D1(j), SEGFORGE_D1(j + 1), SEGFORGE_D1(j + 2), SEGFORGE_D1(j + 3)
#define SEGFORGE_OUTPUTS_32 SEGFORGE_D4(0)
#define SEGFORGE_OUTPUTS_64 SEGFORGE_D4(0), SEGFORGE_D4(4)
#define SEGFORGE_OUTPUTS_128 SEGFORGE_D4(0), SEGFORGE_D4(4), SEGFORGE_D4(8), SEGFORGE_D4(12)
#define SEGFORGE_OUTPUTS_160 SEGFORGE_OUTPUTS_128, SEGFORGE_D4(16)
#define SEGFORGE_NAMES_32 \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}"
#define SEGFORGE_NAMES_64 \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}"
#define SEGFORGE_NAMES_128 \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}"
#define SEGFORGE_NAMES_160 \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, " \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79}"
#define SEGFORGE_SHARED_A_32 "%16, %17", "%18"
#define SEGFORGE_REGISTER_A_32 "{%16, %17, %18, %19}, %20", "%21"
#define SEGFORGE_SHARED_A_64 "%32, %33", "%34"
#define SEGFORGE_REGISTER_A_64 "{%32, %33, %34, %35}, %36", "%37"
#define SEGFORGE_SHARED_A_128 "%64, %65", "%66"
#define SEGFORGE_REGISTER_A_128 "{%64, %65, %66, %67}, %68", "%69"
#define SEGFORGE_SHARED_A_160 "%80, %81", "%82"
#define SEGFORGE_REGISTER_A_160 "{%80, %81, %82, %83}, %84", "%85"

// AB names a and b, ADD the predicate's source; MODE is what follows the scales.
#define SEGFORGE_WGMMA_TEXT(...) SEGFORGE_WGMMA_TEXT_(__VA_ARGS__)
#define SEGFORGE_WGMMA_TEXT_(COLUMNS, K, TYPE, AB, ADD, MODE)                                                  \
  "{\n.reg .pred p;\nsetp.ne.b32 p, " ADD ", 0;\n"                                                             \
  "wgmma.mma_async.sync.aligned.m64n" #COLUMNS "k" #K ".f32." TYPE "." TYPE " " SEGFORGE_NAMES_##COLUMNS ", " \
  AB ", p, 1, 1" MODE ";\n}\n"

#define SEGFORGE_WGMMA_SHARED(COLUMNS, K, TYPE, MODE)                                                          \
  static __device__ void Run(float (&d)[COLUMNS / 8][4], uint64_t a, uint64_t b, bool add) {                   \
    asm volatile(SEGFORGE_WGMMA_TEXT(COLUMNS, K, TYPE, SEGFORGE_SHARED_A_##COLUMNS, MODE)                      \
                 : SEGFORGE_OUTPUTS_##COLUMNS                                                                  \
                 : "l"(a), "l"(b), "r"(static_cast<int>(add)));                                                \
  }
#define SEGFORGE_WGMMA_REGISTERS(COLUMNS, K, TYPE, MODE)                                                       \
  static __device__ void Run(float (&d)[COLUMNS / 8][4], const uint32_t (&a)[4], uint64_t b, bool add) {       \
    asm volatile(SEGFORGE_WGMMA_TEXT(COLUMNS, K, TYPE, SEGFORGE_REGISTER_A_##COLUMNS, MODE)                    \
                 : SEGFORGE_OUTPUTS_##COLUMNS                                                                  \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(add)));            \
  }

#define SEGFORGE_WGMMA_16_BIT(MATH, TYPE, COLUMNS)           \
  template <>                                                \
  struct Wgmma<MATH, COLUMNS, false> {                       \
    SEGFORGE_WGMMA_SHARED(COLUMNS, 16, TYPE, ", 0, 0")       \
    SEGFORGE_WGMMA_REGISTERS(COLUMNS, 16, TYPE, ", 0")       \
  };                                                         \
  template <>                                                \
  struct Wgmma<MATH, COLUMNS, true> {                        \
    SEGFORGE_WGMMA_REGISTERS(COLUMNS, 16, TYPE, ", 1")       \
  };
#define SEGFORGE_WGMMA_TF32(COLUMNS)                         \
  template <>                                                \
  struct Wgmma<Tf32, COLUMNS, false> {                       \
    SEGFORGE_WGMMA_SHARED(COLUMNS, 8, "tf32", "")            \
  };
// clang-format on

SEGFORGE_WGMMA_16_BIT(Fp16, "f16", 32)
SEGFORGE_WGMMA_16_BIT(Fp16, "f16", 64)
SEGFORGE_WGMMA_16_BIT(Fp16, "f16", 128)
SEGFORGE_WGMMA_16_BIT(Fp16, "f16", 160)
SEGFORGE_WGMMA_16_BIT(Bf16, "bf16", 32)
SEGFORGE_WGMMA_16_BIT(Bf16, "bf16", 64)
SEGFORGE_WGMMA_16_BIT(Bf16, "bf16", 128)
SEGFORGE_WGMMA_16_BIT(Bf16, "bf16", 160)
SEGFORGE_WGMMA_TF32(32)
SEGFORGE_WGMMA_TF32(64)
SEGFORGE_WGMMA_TF32(128)
SEGFORGE_WGMMA_TF32(160)

#endif  // SEGFORGE_WGMMA

}  // namespace segforge::cuda
