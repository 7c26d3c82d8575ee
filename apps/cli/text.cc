#include "text.h"

#include <fmt/format.h>

#include <cstdio>

namespace segforge::cli {

std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

std::string Duration(double ms) {
  if (ms >= 1000) return fmt::format("{:.1f} s", ms / 1000);
  return ms >= 10 ? fmt::format("{:.0f} ms", ms) : fmt::format("{:.1f} ms", ms);
}

std::string Millions(int64_t count) { return fmt::format("{:.1f} M", static_cast<double>(count) / 1e6); }

std::string Giga(int64_t count) { return fmt::format("{:.2f} G", static_cast<double>(count) / 1e9); }

void PrintError(std::string_view message) { fmt::print(stderr, "segforge: {}\n", OneLine(message)); }

}  // namespace segforge::cli
