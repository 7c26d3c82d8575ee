// Shell completion, made from the very options that the program parses.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace segforge::cli {

CLI::App* AddCompletionCommand(CLI::App& program, std::string& shell);

// The script for "bash", "zsh" or "fish".
std::string CompletionScript(const CLI::App& program, const std::string& shell);

}  // namespace segforge::cli
