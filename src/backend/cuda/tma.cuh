// Hopper's copy engine (TMA) and the barriers in shared memory by which it and the threads of a cluster wait
// for each other: PTX ISA, "cp.async.bulk.tensor" and "mbarrier". Compute capability 9.0 on.
#pragma once

#include <cuda.h>

#include <cstdint>

namespace segforge::cuda {

#if __CUDA_ARCH__ >= 900

// A barrier's phase is over when so many arrivals, and all bytes that were announced, are there.
__device__ inline void InitBarrier(uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
// Makes the barriers that a thread made known to the copy engine; before the block's barrier.
__device__ inline void FenceBarriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ inline void Arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
__device__ inline void ArriveExpecting(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}
// For the end of the phase of this parity: 0 for the first one.
__device__ inline void WaitBarrier(uint32_t barrier, uint32_t parity) {
  uint32_t done;
  do {
    asm volatile(
        "{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
        : "=r"(done)
        : "r"(barrier), "r"(parity)
        : "memory");
  } while (done == 0);
}
// True for one lane of a warp whose lanes are all here. The compiler knows that it is one alone, and does not
// look for others that want the copy engine.
__device__ inline bool ElectLane() {
  uint32_t elected;
  asm volatile("{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\nselp.u32 %0, 1, 0, p;\n}" : "=r"(elected));
  return elected != 0;
}

// A box of a matrix, from that column and row.
__device__ inline void CopyRows(uint32_t to, const CUtensorMap* map, int column, int row, uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], "
      "[%4];" ::"r"(to),
      "l"(map), "r"(column), "r"(row), "r"(barrier)
      : "memory");
}
// The same of one of several matrices that follow each other.
__device__ inline void CopyRowsOf(uint32_t to, const CUtensorMap* map, int column, int row, int matrix,
                                  uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], "
      "[%5];" ::"r"(to),
      "l"(map), "r"(column), "r"(row), "r"(matrix), "r"(barrier)
      : "memory");
}
// One tap (kx, ky) of patches, from channel c on; the first patch's corner is at (x, y) of an image.
struct PatchPlace {
  int c, x, y, image;
  uint16_t kx, ky;
};
__device__ inline void CopyPatches(uint32_t to, const CUtensorMap* map, const PatchPlace& at,
                                   uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%2, %3, %4, %5}], [%6], {%7, %8};" ::"r"(to),
      "l"(map), "r"(at.c), "r"(at.x), "r"(at.y), "r"(at.image), "r"(barrier), "h"(at.kx), "h"(at.ky)
      : "memory");
}

#endif

}  // namespace segforge::cuda
