// The images that a command line names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace segforge::cli {

struct Input {
  std::string path;                // "-" for standard input
  std::filesystem::path relative;  // its place below the output folder: "seq1/0001.jpg"
};

struct InputList {
  std::vector<Input> inputs;
  bool several = false;  // a folder, or more than one name: outputs go to a folder, and failures are counted
};

// Folders become the images in them, by file name extension and in sorted order; what is below `excluded`
// (the output folder, or "") is left out. Throws Error for a folder that cannot be read or has no image.
// Whether files exist is not looked at.
InputList ListInputs(const std::vector<std::string>& names, bool recursive,
                     const std::filesystem::path& excluded);

}  // namespace segforge::cli
