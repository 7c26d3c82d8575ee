#include "api/row_window.h"

#include <algorithm>

namespace segforge {

Status RowWindow::MoveTo(int64_t begin, int64_t end) {
  SEGFORGE_CHECK(begin >= begin_ && begin <= end_ && end >= end_);
  SEGFORGE_CHECK((end - begin) * row_bytes_ <= static_cast<int64_t>(pixels_.size()));
  std::copy_n(Row(begin), (end_ - begin) * row_bytes_, pixels_.data());
  begin_ = begin;
  SEGFORGE_RETURN_IF_ERROR(source_.Read(end - end_, pixels_.data() + (end_ - begin_) * row_bytes_));
  end_ = end;
  return Status();
}

}  // namespace segforge
