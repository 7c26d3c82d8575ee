// Text from a file on its way to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace segforge {

// Control characters (a newline, an escape sequence) become '?'.
inline std::string OneLine(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return result;
}

}  // namespace segforge
