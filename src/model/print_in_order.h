// For tests: graphs as texts that are equal where the graphs are.
#pragma once

#include <cctype>
#include <map>
#include <sstream>
#include <string>

#include "ir/graph.h"

namespace segforge {

// The printed graph with values numbered in the order in which they stand, and constants without their names.
inline std::string PrintInOrder(const Graph& graph) {
  std::map<std::string, int> numbers;
  std::istringstream words(Print(graph));
  std::string text, line;
  while (std::getline(words, line)) {
    if (line.find("= Constant(") != std::string::npos) line = line.substr(0, line.find("  # "));
    std::string id;
    for (const char c : line + "\n") {
      const bool is_digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
      if (c == '%' || (!id.empty() && is_digit)) {
        id += c;
        continue;
      }
      if (!id.empty())
        text += fmt::format("%{}", numbers.emplace(id, static_cast<int>(numbers.size())).first->second);
      id.clear();
      text += c;
    }
  }
  return text;
}

}  // namespace segforge
