// Some successive rows of an image that is read from top to bottom.
#pragma once

#include <vector>

#include "image/row_source.h"

namespace segforge {

class RowWindow {
 public:
  // Of at most max_rows rows; `source` outlives it.
  RowWindow(RowSource& source, int64_t max_rows)
      : source_(source),
        row_bytes_(source.width() * 3),
        pixels_(static_cast<size_t>(max_rows * row_bytes_)) {}

  // Moves down to the rows [begin, end), neither above where it was; a row that is passed is gone.
  Status MoveTo(int64_t begin, int64_t end);

  // Rows [begin, end) of those in the window; valid until it moves.
  ImageView Rows(int64_t begin, int64_t end) const {
    return {pixels_.data() + (begin - begin_) * row_bytes_, end - begin, source_.width(), row_bytes_};
  }
  const uint8_t* Row(int64_t y) const { return Rows(y, y + 1).data; }

 private:
  RowSource& source_;
  int64_t row_bytes_;
  std::vector<uint8_t> pixels_;
  int64_t begin_ = 0, end_ = 0;
};

}  // namespace segforge
