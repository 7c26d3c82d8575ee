// The one place that says for which instruction sets the SIMD kernels are compiled. Include it before any
// header of Highway; CMake compiles nothing else with Highway's defaults.
//   x86-64  baseline (scalar, or SSE2 with newer Highway), SSE4, AVX2, AVX3 (AVX-512 F/BW/CD/DQ/VL)
//   arm64   NEON
#pragma once

#if defined(HIGHWAY_HWY_DETECT_TARGETS_H_) || defined(HIGHWAY_HWY_BASE_H_)
#error "base/simd_targets.h must come before the headers of Highway"
#endif

// Bits of Highway's target mask. Its names are not known yet here, and some are missing in older versions.
// Left out, to save compile time for no speed: variants of AVX3 with instructions that FP32 kernels do not
// use (bits 0..7), SSSE3 (12), and every SVE (15..27), whose vectors without a fixed size do not fit
// kernels that are blocked by registers.
#define HWY_DISABLED_TARGETS (0xFFLL | (1LL << 12) | (0x1FFFLL << 15))
