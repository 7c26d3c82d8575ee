#include "formats/pickle_text.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "formats/printable.h"

namespace segforge {
namespace {

std::optional<uint32_t> ReadHex(std::string_view text, size_t digits) {
  uint32_t value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value, 16);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  return value;
}

void AppendUtf8(uint32_t code, std::string& text) {
  const auto byte = [&](uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// The character that a backslash and `c` stand for.
std::optional<char> SimpleEscape(char c) {
  switch (c) {
    case '\\':
    case '\'':
    case '"':
      return c;
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return std::nullopt;
  }
}

Status Malformed(std::string_view line) { return InvalidInput("malformed text \"{}\"", Printable(line)); }

}  // namespace

Result<std::string> DecodeQuoted(std::string_view line) {
  const bool quoted = line.size() >= 2 && line.front() == line.back() && (line[0] == '\'' || line[0] == '"');
  if (!quoted) return Malformed(line);
  const std::string_view inner = line.substr(1, line.size() - 2);
  std::string decoded;
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\') {
      decoded += inner[i];
      continue;
    }
    if (++i == inner.size()) return Malformed(line);
    if (const auto simple = SimpleEscape(inner[i])) {
      decoded += *simple;
    } else if (const auto code = ReadHex(inner.substr(i + 1), 2); inner[i] == 'x' && code) {
      decoded += static_cast<char>(*code);
      i += 2;
    } else {
      return Malformed(line);
    }
  }
  return decoded;
}

Result<std::string> DecodeRawUnicode(std::string_view line) {
  std::string decoded;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool is_escape =
        line[i] == '\\' && i + 1 < line.size() && (line[i + 1] == 'u' || line[i + 1] == 'U');
    if (!is_escape) {  // a byte is a Latin-1 character
      AppendUtf8(static_cast<uint8_t>(line[i]), decoded);
      continue;
    }
    const size_t digits = line[i + 1] == 'u' ? 4 : 8;
    const auto code = ReadHex(line.substr(i + 2), digits);
    if (!code || *code > 0x10FFFF) return Malformed(line);
    AppendUtf8(*code, decoded);
    i += 1 + digits;
  }
  return decoded;
}

}  // namespace segforge
