// The images that a command line names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace segforge::cli {

struct Input {
  std::string path;                // "-" for standard input
  std::filesystem::path relative;  // its place below the output folder: "seq1/0001.jpg"
};

// Kept as one text, as there may be millions: an input takes its path and twelve bytes.
class InputList {
 public:
  bool several = false;  // a folder, or more than one name: outputs go to a folder, and failures are counted

  // The path without its first relative_at characters is its place below the output folder.
  void Add(const std::string& path, size_t relative_at);

  size_t size() const { return begins_.size(); }
  Input operator[](size_t i) const;

 private:
  std::string paths_;  // one after the other
  std::vector<uint64_t> begins_;
  std::vector<uint32_t> relatives_;
};

// Folders become the images in them, by file name extension and in sorted order; left out are what is below
// `excluded` (the output folder, or "") and NAME.label.png beside an image NAME. Throws Error for a folder
// that cannot be read or has no image. Whether files exist is not looked at.
InputList ListInputs(const std::vector<std::string>& names, bool recursive,
                     const std::filesystem::path& excluded);

}  // namespace segforge::cli
