// A bar on standard error, drawn only when that is a terminal.
#pragma once

#include <cstddef>
#include <string_view>

namespace segforge::cli {

class Progress {
 public:
  Progress(size_t total, bool wanted);  // total 0: unknown, and counted without a bar
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Clear();                                                       // before anything else is printed
  void Draw(size_t done, size_t failed, std::string_view note = {});  // note: "2.3 images/s"

 private:
  size_t total_;
  bool visible_;
};

}  // namespace segforge::cli
