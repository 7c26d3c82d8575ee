// Options that the measuring verbs share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "segforge/segforge.h"

namespace segforge::cli {

struct Size {
  int64_t height = 0;
  int64_t width = 0;
};

// "512x1024" (height x width), each side 32 to 65536; throws CLI::ValidationError naming the option.
Size ParseNetworkSize(const std::string& option, const std::string& text);

// --size of the network's input.
void AddNetworkSize(CLI::App& command, int64_t& height, int64_t& width);

// A list separated by commas, each from 1 to 1024.
CLI::Option* AddCounts(CLI::App& command, const std::string& names, std::vector<int>& counts,
                       const std::string& description);

int DefaultThreads();  // processors that this process may run on

}  // namespace segforge::cli
