// Host memory that shows what is written past its ends.
#pragma once

#include <cstring>

#include "base/tensor.h"

namespace segforge {

// Bytes with guards on both sides, full of garbage.
class GuardedBuffer {
 public:
  // Not a multiple of more than an arena's alignment: kernels may count on no other.
  static constexpr size_t kGuardBytes = 5 * AlignedBuffer::kAlignment;

  explicit GuardedBuffer(size_t bytes) : bytes_(bytes), buffer_(bytes + 2 * kGuardBytes) {
    std::memset(buffer_.data(), kGuard, bytes + 2 * kGuardBytes);
    std::memset(data(), kGarbage, bytes);
  }
  std::byte* data() const { return buffer_.data() + kGuardBytes; }
  bool intact() const {
    for (size_t i = 0; i < kGuardBytes; ++i) {
      if (buffer_.data()[i] != std::byte{kGuard} || data()[bytes_ + i] != std::byte{kGuard}) return false;
    }
    return true;
  }
  std::byte* whole() const { return buffer_.data(); }  // guards included
  size_t whole_bytes() const { return buffer_.bytes(); }

 private:
  static constexpr unsigned char kGuard = 0xA5;    // as a float it is tiny, and no result
  static constexpr unsigned char kGarbage = 0xFF;  // as a float it is a NaN, so that what is read shows

  size_t bytes_;
  AlignedBuffer buffer_;
};

}  // namespace segforge
