// Vector exp and GELU, for inclusion in kernels that are compiled once per target.

#include <cstdint>

#include "hwy/highway.h"

#if defined(SEGFORGE_BACKEND_CPU_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEGFORGE_BACKEND_CPU_MATH_INL_H_
#undef SEGFORGE_BACKEND_CPU_MATH_INL_H_
#else
#define SEGFORGE_BACKEND_CPU_MATH_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// exp(x) for x <= 0, as softmax needs it. Below -87.3 the result stays at exp(-87.3) = 1.2e-38, also for
// -infinity; exp(0) is exactly 1. Error at most 2 ulp with FMA, 2.3 ulp without.
//   exp(x) = 2^n * exp(r), n = round(x / ln 2), |r| <= ln(2) / 2, exp(r) by a minimax polynomial
template <class D, class V>
HWY_INLINE V ExpNonPositive(D d, V x) {
  const hn::RebindToSigned<D> di;
  // Adding 1.5 * 2^23 leaves the rounded sum's integer in the low bits of the mantissa.
  const V magic = hn::Set(d, 12582912.0f);
  const V clamped = hn::Max(x, hn::Set(d, -87.3f));
  const V shifted = hn::MulAdd(clamped, hn::Set(d, 1.44269504f), magic);
  const V n = hn::Sub(shifted, magic);
  // ln 2 in two parts, the first short enough that its products with n are exact.
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), clamped);
  r = hn::MulAdd(n, hn::Set(d, 2.12194440e-4f), r);
  V p = hn::Set(d, 0x1.0fa7d8p-7f);
  p = hn::MulAdd(p, r, hn::Set(d, 0x1.573ad0p-5f));
  p = hn::MulAdd(p, r, hn::Set(d, 0x1.555a6ep-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 0x1.fffdc4p-2f));
  p = hn::MulAdd(p, r, hn::Set(d, 0x1.fffff6p-1f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

// 2^x for |x| <= 126, for a softmax whose logits were multiplied by log2(e) beforehand: cheaper than exp,
// since x splits into integer and fraction exactly. Error at most 2 ulp; 2^0 is exactly 1.
template <class D, class V>
HWY_INLINE V Exp2(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V magic = hn::Set(d, 12582912.0f);  // as above
  const V shifted = hn::Add(x, magic);
  const V f = hn::Sub(x, hn::Sub(shifted, magic));
  V p = hn::Set(d, 0x1.5bba10p-10f);
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.3cea88p-7f));
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.c6b752p-5f));
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.ebf9bcp-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 0x1.62e42ap-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

// 2^x for any x <= 0. Below -64 the result stays at 2^-64: next to the 1 of the row's maximum that is
// nothing, and its products with values are no denormals, which are slow.
template <class D, class V>
HWY_INLINE V Exp2NonPositive(D d, V x) {
  return Exp2(d, hn::Max(x, hn::Set(d, -64.0f)));
}

// x * Phi(x), the exact GELU. Absolute error at most 2.5e-7 * |x| (2 ulp of x; 2.7e-7 without FMA), the
// polynomial's share being 4.4e-8 * |x|; GELU(0) is exactly 0, and beyond |x| = 5.6 the result is x or -6e-8.
//   GELU(x) = max(x, 0) - a * Phi(-a), a = |x|
// Phi(-a) falls too steeply for a short polynomial, its fourth root does not: a polynomial of degree 8
// raised to the fourth power needs no division and fewer operations than one of erf does.
template <class D, class V>
HWY_INLINE V Gelu(D d, V x) {
  const V a = hn::Min(hn::Abs(x), hn::Set(d, 5.6f));
  V p = hn::Set(d, -0x1.ce30e4p-19f);
  p = hn::MulAdd(p, a, hn::Set(d, 0x1.ef05d0p-15f));
  p = hn::MulAdd(p, a, hn::Set(d, -0x1.45c168p-12f));
  p = hn::MulAdd(p, a, hn::Set(d, -0x1.b89b44p-16f));
  p = hn::MulAdd(p, a, hn::Set(d, 0x1.efbd8ep-9f));
  p = hn::MulAdd(p, a, hn::Set(d, 0x1.316ff6p-8f));
  p = hn::MulAdd(p, a, hn::Set(d, -0x1.9b41a0p-5f));
  p = hn::MulAdd(p, a, hn::Set(d, -0x1.57848ap-3f));
  p = hn::MulAdd(p, a, hn::Set(d, 0x1.ae89f8p-1f));
  p = hn::Mul(p, p);
  p = hn::Mul(p, p);
  return hn::NegMulAdd(a, p, hn::Max(x, hn::Zero(d)));
}

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#endif  // include guard, toggled for each target
