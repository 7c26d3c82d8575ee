// What a file that is made from a model calls that model.
#pragma once

#include <filesystem>
#include <string>

#include "model/one_line.h"

namespace segforge {

// Without its folders, which say more of whoever made the file than of the model.
inline std::string SourceName(const std::string& model) {
  const auto path = std::filesystem::path(model).lexically_normal();
  return OneLine((path.has_filename() ? path : path.parent_path()).filename().string());
}

}  // namespace segforge
