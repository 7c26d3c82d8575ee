// Protocol 0 writes values as lines of text.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace segforge {

// 'a\n' or "a\n" as Python's repr writes it, without its quotes and with its escapes replaced.
Result<std::string> DecodeQuoted(std::string_view line);

// UTF-8 of Python's raw-unicode-escape, where only \uXXXX and \UXXXXXXXX are special.
Result<std::string> DecodeRawUnicode(std::string_view line);

}  // namespace segforge
