// Images read from top to bottom, for those that memory does not suffice for: the pixels of DecodeImage().
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "base/status.h"
#include "image/decode.h"

namespace segforge {

class RowSource {
 public:
  virtual ~RowSource() = default;
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;

  int64_t height() const { return height_; }
  int64_t width() const { return width_; }

  // Bytes that are kept until the last row, now or from the first Read() on: little where rows are decoded
  // as they are read, the whole image where they are not.
  virtual int64_t held_bytes() const = 0;

  // The next rows, [rows, width, 3] u8; height() of them in all. Errors as DecodeImage(): what is damaged
  // after the last row is an error of its Read().
  virtual Status Read(int64_t rows, uint8_t* out) = 0;

 protected:
  RowSource(int64_t height, int64_t width) : height_(height), width_(width) {}

 private:
  int64_t height_, width_;
};

// Of an image whose rows are decoded as they are read: 65536 x 65536.
inline constexpr DecodeLimits kRowLimits = {.max_pixels = int64_t{1} << 32};

// PNG without interlacing and JPEG are decoded as they are read (of a JPEG in several scans the coefficients
// are kept), if they are upright as they are stored. Anything else is decoded whole, within DecodeLimits'
// own limit. The first keeps the file open; errors name it. The second's bytes must outlive the result.
Result<std::unique_ptr<RowSource>> OpenRows(const std::filesystem::path& path,
                                            const DecodeLimits& limits = kRowLimits);
Result<std::unique_ptr<RowSource>> OpenRows(std::span<const std::byte> bytes,
                                            const DecodeLimits& limits = kRowLimits);

// Rows of pixels that outlive it.
std::unique_ptr<RowSource> RowsOf(const ImageView& image);

}  // namespace segforge
