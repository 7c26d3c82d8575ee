// Loads and stores of the first few lanes of a vector, never touching memory beyond them.

#include <cstddef>

#include "hwy/highway.h"

#if defined(SEGFORGE_BACKEND_CPU_PARTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEGFORGE_BACKEND_CPU_PARTIAL_INL_H_
#undef SEGFORGE_BACKEND_CPU_PARTIAL_INL_H_
#else
#define SEGFORGE_BACKEND_CPU_PARTIAL_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The first `count` lanes from p (count < Lanes(d)), zero in the others.
template <class D>
HWY_INLINE hn::Vec<D> LoadFirst(D d, const float* HWY_RESTRICT p, size_t count) {
  HWY_ALIGN float lanes[hn::MaxLanes(D())] = {};
  for (size_t i = 0; i < count; ++i) lanes[i] = p[i];
  return hn::Load(d, lanes);
}

template <class D>
HWY_INLINE void StoreFirst(hn::Vec<D> v, D d, float* HWY_RESTRICT p, size_t count) {
  HWY_ALIGN float lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  for (size_t i = 0; i < count; ++i) p[i] = lanes[i];
}

// All lanes of a vector, or only the first few, so that a kernel's body is written once for both.
struct WholeVector {
  template <class D>
  HWY_INLINE hn::Vec<D> Load(D d, const float* p) const {
    return hn::LoadU(d, p);
  }
  template <class D>
  HWY_INLINE void Store(hn::Vec<D> v, D d, float* p) const {
    hn::StoreU(v, d, p);
  }
};
struct FirstLanes {
  size_t count;

  template <class D>
  HWY_INLINE hn::Vec<D> Load(D d, const float* p) const {
    return LoadFirst(d, p, count);
  }
  template <class D>
  HWY_INLINE void Store(hn::Vec<D> v, D d, float* p) const {
    StoreFirst(v, d, p, count);
  }
};

// Calls body(i, WholeVector()) for i = 0, Lanes(d), .. and body(i, FirstLanes()) for what is left of `count`.
template <class D, class Body>
HWY_INLINE void ForEachVector(D d, size_t count, const Body& body) {
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) body(i, WholeVector());
  if (i < count) body(i, FirstLanes{count - i});
}

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#endif  // include guard, toggled for each target
