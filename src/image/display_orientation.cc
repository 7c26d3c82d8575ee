#include "image/display_orientation.h"

#include <cstdlib>

namespace segforge {

// A point (x, y) is shown at (a x + c y, b x + d y), plus an offset that brings it back into the picture;
// the matrix is {a, b, u, c, d, v, x, y, w}.
int OrientationOf(const int32_t* matrix) {
  if (matrix == nullptr) return 1;
  const int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c)) {
    if (a >= 0) return d >= 0 ? 1 : 4;
    return d >= 0 ? 2 : 3;
  }
  if (b >= 0) return c >= 0 ? 5 : 6;
  return c >= 0 ? 8 : 7;
}

}  // namespace segforge
