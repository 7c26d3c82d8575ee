// A cursor over untrusted little-endian bytes: every read is checked against what is left.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "base/status.h"

namespace segforge {

static_assert(std::endian::native == std::endian::little,
              "Segforge reads its files on little-endian machines");

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t left() const { return bytes_.size() - position_; }

  Status Seek(size_t position) {
    if (position > bytes_.size())
      return InvalidInput("offset {} is past the end ({} bytes)", position, bytes_.size());
    position_ = position;
    return Status();
  }

  // The next `count` bytes; the span lives as long as the bytes that the reader was made from.
  Result<std::span<const std::byte>> Take(size_t count) {
    if (count > left())
      return InvalidInput("truncated: {} bytes wanted at offset {}, {} left", count, position_, left());
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  template <typename T>
  Result<T> Read() {
    static_assert(std::is_trivially_copyable_v<T>);
    SEGFORGE_ASSIGN_OR_RETURN(const auto taken, Take(sizeof(T)));
    T value;
    std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

inline std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::byte> AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace segforge
