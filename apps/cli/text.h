// How things are worded for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace segforge::cli {

std::string OneLine(std::string_view text);  // control characters, as a file's name may have, become "?"
std::string Duration(double ms);             // "3.1 s", "21 ms", "0.4 ms"
std::string Millions(int64_t count);         // "13.7 M"
std::string Giga(int64_t count);             // "8.37 G"

// "segforge: MESSAGE" on standard error, in one line.
void PrintError(std::string_view message);

}  // namespace segforge::cli
