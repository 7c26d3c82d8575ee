#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace segforge::cli {
namespace {
constexpr size_t kBarWidth = 30;
}

Progress::Progress(size_t total, bool wanted)
    : total_(total), visible_(wanted && isatty(STDERR_FILENO) != 0) {}

void Progress::Clear() {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void Progress::Draw(size_t done, size_t failed, std::string_view note) {
  if (!visible_) return;
  if (total_ == 0) {
    fmt::print(stderr, "\r\033[K{}", done);
  } else {
    const size_t filled = kBarWidth * std::min(done, total_) / total_;
    fmt::print(stderr, "\r\033[K[{}{}] {} of {}", std::string(filled, '#'),
               std::string(kBarWidth - filled, '.'), done, total_);
  }
  if (failed > 0) fmt::print(stderr, ", {} failed", failed);
  if (!note.empty()) fmt::print(stderr, ", {}", note);
  std::fflush(stderr);
}

}  // namespace segforge::cli
