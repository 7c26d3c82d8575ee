// Work in a process of its own.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

namespace segforge::cli {

// Runs `work` in a child process and returns what it did. Throws the Error that it threw, and Error when the
// child is killed. Call it before this process starts threads.
nlohmann::json RunInChild(const std::function<nlohmann::json()>& work);

}  // namespace segforge::cli
