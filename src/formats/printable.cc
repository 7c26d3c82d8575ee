#include "formats/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace segforge {
namespace {

constexpr size_t kMaxPrinted = 120;
constexpr size_t kMaxName = 1024;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Bytes of the UTF-8 sequence that `text` starts with; 0 when it is malformed, overlong, a surrogate or too
// large.
size_t SequenceLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const uint8_t second = at(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printed;
  for (char c : text.substr(0, kMaxPrinted)) {
    if (IsControl(c) || static_cast<unsigned char>(c) >= 0x80) {
      printed += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      printed += c;
    }
  }
  if (text.size() > kMaxPrinted) printed += "...";
  return printed;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool IsPlainName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && std::ranges::none_of(text, IsControl) && IsUtf8(text);
}

}  // namespace segforge
