// The arithmetics that kernels are instantiated for: what a value is stored as, and how a warp multiplies 16
// x 8 tiles of it. Every product accumulates in float32.
//
// Fragments are those of mma.sync (PTX ISA, "Warp-level matrix instructions"): with lane = 4 g + t, A holds
// rows g and g + 8, B column g, the accumulator rows g and g + 8 and columns 2 t and 2 t + 1. A and B are
// spoken of in chunks of 16 bytes, 8 halves or 4 floats of one row, so that one ldmatrix serves every
// storage: step k of a product takes two chunks, k16 for halves and k8 for floats.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace segforge::cuda {

constexpr int kChunkBytes = 16;

__device__ inline float ToFloat(float x) { return x; }
__device__ inline float ToFloat(__half x) { return __half2float(x); }
__device__ inline float ToFloat(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T>
__device__ inline T FromFloat(float x);
template <>
__device__ inline float FromFloat<float>(float x) {
  return x;
}
template <>
__device__ inline __half FromFloat<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__device__ inline __nv_bfloat16 FromFloat<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

// Two neighbours of a row, aligned together.
__device__ inline void StorePair(float* to, float first, float second) {
  *reinterpret_cast<float2*>(to) = make_float2(first, second);
}
__device__ inline void StorePair(__half* to, float first, float second) {
  *reinterpret_cast<__half2*>(to) = __floats2half2_rn(first, second);
}
__device__ inline void StorePair(__nv_bfloat16* to, float first, float second) {
  *reinterpret_cast<__nv_bfloat162*>(to) = __floats2bfloat162_rn(first, second);
}

// The top 19 bits, as the tensor cores read float32 operands: rounded to nearest.
__device__ inline uint32_t RoundToTf32(float x) {
#if __CUDA_ARCH__ >= 800
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
#else
  return (__float_as_uint(x) + 0x1000u) & 0xffffe000u;
#endif
}

// d += a b with a [16, 8] and b [8, 8] of float32 whose low 13 bits are ignored. Before compute
// capability 8.0 the tensor cores have no such product: lanes then exchange their operands and multiply in
// float32.
__device__ inline void MmaTf32(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int k = 0; k < 8; ++k) {
    const uint32_t b = k < 4 ? b0 : b1;
    const float upper = __uint_as_float(__shfl_sync(~0u, a[k / 4 * 2], g * 4 + k % 4));
    const float lower = __uint_as_float(__shfl_sync(~0u, a[k / 4 * 2 + 1], g * 4 + k % 4));
    const float left = __uint_as_float(__shfl_sync(~0u, b, 8 * t + k % 4));
    const float right = __uint_as_float(__shfl_sync(~0u, b, 8 * t + 4 + k % 4));
    d[0] += upper * left;
    d[1] += upper * right;
    d[2] += lower * left;
    d[3] += lower * right;
  }
#endif
}

struct Fp16 {
  using Storage = __half;
  // a [16, 16], b [16, 8]
  static __device__ void Mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(b0));
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[2]), "r"(a[3]), "r"(b1));
#endif
  }
  // Two neighbours of a row, the first in the low half.
  static __device__ uint32_t Pack(float first, float second) {
    const __half2 pair = __floats2half2_rn(first, second);
    return reinterpret_cast<const uint32_t&>(pair);
  }
};

struct Bf16 {
  using Storage = __nv_bfloat16;
  static __device__ void Mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
    __trap();               // the backend offers bfloat16 from compute capability 8.0 on
#endif
  }
  static __device__ uint32_t Pack(float first, float second) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(first, second);
    return reinterpret_cast<const uint32_t&>(pair);
  }
};

struct Tf32 {
  using Storage = float;
  static __device__ void Mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    uint32_t rounded[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) rounded[i] = RoundToTf32(__uint_as_float(a[i]));
    MmaTf32(d, rounded, RoundToTf32(__uint_as_float(b0)), RoundToTf32(__uint_as_float(b1)));
  }
};

// Float32 products on the tensor cores: each operand is split into two TF32 numbers that hold 22 of its 24
// bits, and three of the four products are taken (Ootomo and Yokota 2022, "Recovering single precision
// accuracy from Tensor Cores"). The products that are left out are below 2^-22 of the result. The tensor
// cores cut their sums off; so each step's sum is added outside, rounded to nearest.
struct Fp32 {
  using Storage = float;
  static __device__ void Mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 800
    uint32_t a_high[4], a_low[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) Split(a[i], a_high[i], a_low[i]);
    uint32_t b0_high, b0_low, b1_high, b1_low;
    Split(b0, b0_high, b0_low);
    Split(b1, b1_high, b1_low);
    float step[4] = {};
    MmaTf32(step, a_low, b0_high, b1_high);
    MmaTf32(step, a_high, b0_low, b1_low);
    MmaTf32(step, a_high, b0_high, b1_high);
#pragma unroll
    for (int i = 0; i < 4; ++i) d[i] += step[i];
#else
    MmaTf32(d, a, b0, b1);  // exact there
#endif
  }
  static __device__ void Split(uint32_t bits, uint32_t& high, uint32_t& low) {
    const float x = __uint_as_float(bits);
    high = RoundToTf32(x);
    low = RoundToTf32(x - __uint_as_float(high));
  }
};

template <typename Math>
constexpr int kChunkElems = kChunkBytes / static_cast<int>(sizeof(typename Math::Storage));

// GELU(x) = x Phi(x). In float32 by erf itself. For 16-bit results Phi(x) = 1 / (1 + 2^-x P(x^2)) with P of
// degree four, fitted to x Phi(x) on [-6, 6]: an error of 3e-6 at most, which they cannot show, for half the
// instructions.
template <typename T>
__device__ inline float Gelu(float x) {
  if constexpr (sizeof(T) == 4) {
    return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
  } else {
    const float square = fminf(x * x, 30.25f);  // Phi is 0 or 1 from there on, and P no longer fits
    float p = fmaf(3.2290269e-6f, square, -8.8238253e-5f);
    p = fmaf(p, square, -3.6026560e-4f);
    p = fmaf(p, square, 0.105226664f);
    p = fmaf(p, square, 2.30204541f);
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(-x * p));
    return __fdividef(x, 1.0f + power);
  }
}

// 16 bytes of a row as floats, and back.
template <typename T>
struct Vector {
  static constexpr int kElems = kChunkBytes / static_cast<int>(sizeof(T));
  float x[kElems];

  static __device__ Vector Load(const T* from) { return Of(*reinterpret_cast<const uint4*>(from)); }
  static __device__ Vector Of(uint4 bits) {
    Vector v;
    const T* values = reinterpret_cast<const T*>(&bits);
#pragma unroll
    for (int i = 0; i < kElems; ++i) v.x[i] = ToFloat(values[i]);
    return v;
  }
  __device__ uint4 Bits() const {
    uint4 bits;
    T* values = reinterpret_cast<T*>(&bits);
#pragma unroll
    for (int i = 0; i < kElems; ++i) values[i] = FromFloat<T>(x[i]);
    return bits;
  }
  __device__ void Store(T* to) const { *reinterpret_cast<uint4*>(to) = Bits(); }
};

}  // namespace segforge::cuda
