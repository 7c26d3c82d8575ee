// Text from untrusted files, made fit for a one-line message on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace segforge {

// `text` with control characters and bytes that are not ASCII written as \xNN, cut after 120 characters.
std::string Printable(std::string_view text);

// True when `text` is 1 to 1024 bytes of well-formed UTF-8 without control characters: fit to name a tensor.
bool IsPlainName(std::string_view text);

bool IsUtf8(std::string_view text);

}  // namespace segforge
