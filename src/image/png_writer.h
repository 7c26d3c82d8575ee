// PNG files written row by row.
#pragma once

#include <memory>
#include <span>

#include "base/file.h"
#include "image/palette.h"

namespace segforge {

// Movable. Errors of the sink are returned as they are.
class PngWriter {
 public:
  static Result<PngWriter> TrueColor(int64_t height, int64_t width, ByteSink sink);  // RGB of 8 bits
  // Samples of 8 bits shown in colors, at most 256, which every sample that is written must have.
  static Result<PngWriter> Indexed(int64_t height, int64_t width, std::span<const Rgb> colors, ByteSink sink);
  static Result<PngWriter> Grey16(int64_t height, int64_t width, ByteSink sink);

  PngWriter(PngWriter&&) noexcept;
  PngWriter& operator=(PngWriter&&) noexcept;
  ~PngWriter();

  // The next rows, stride_bytes apart; the file is complete after `height` of them.
  Status Write(const void* rows, int64_t count, int64_t stride_bytes);

 private:
  struct State;
  explicit PngWriter(std::unique_ptr<State> state);
  static Result<PngWriter> Begin(int64_t height, int64_t width, int bit_depth, int color_type,
                                 std::span<const Rgb> colors, ByteSink sink);
  std::unique_ptr<State> state_;
};

}  // namespace segforge
