// How tiles of 16-byte chunks get into shared memory and from there into fragments.
#pragma once

#include <cstdint>

namespace segforge::cuda {

__device__ inline uint32_t SharedAddress(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ inline void StoreChunk(uint32_t shared, uint4 bits) {
  asm volatile("st.shared.v4.u32 [%0], {%1,%2,%3,%4};" ::"r"(shared), "r"(bits.x), "r"(bits.y), "r"(bits.z),
               "r"(bits.w)
               : "memory");
}

// 16 bytes from global to shared memory, zeros when `valid` is false; asynchronous from compute
// capability 8.0 on.
__device__ inline void CopyChunk(uint32_t shared, const void* global, bool valid) {
#if __CUDA_ARCH__ >= 800
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(bytes));
#else
  const uint4 bits = valid ? *static_cast<const uint4*>(global) : make_uint4(0, 0, 0, 0);
  StoreChunk(shared, bits);
#endif
}
// Closes a group of copies; WaitForCopies<n> returns when all but the last n groups are there.
__device__ inline void CommitCopies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;");
#endif
}
template <int kPending>
__device__ inline void WaitForCopies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending));
#endif
}

// Four 8 x 16-byte matrices; lane l gives the address of row l % 8 of matrix l / 8.
__device__ inline void LoadMatrices(uint32_t (&r)[4], uint32_t shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared));
}
// The same, each matrix of 8 x 8 halves transposed.
__device__ inline void LoadMatricesTransposed(uint32_t (&r)[4], uint32_t shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared));
}

// Tiles have rows of eight chunks (128 bytes: every bank once). Chunk c of row r lies at place c ^ (r % 8),
// so that the eight rows of a matrix fall into different banks.
constexpr int kTileRowBytes = 128;
constexpr int kTileRowChunks = 8;
__device__ inline uint32_t TileOffset(int row, int chunk) {
  return static_cast<uint32_t>(row * kTileRowBytes + ((chunk ^ (row & 7)) << 4));
}

}  // namespace segforge::cuda
