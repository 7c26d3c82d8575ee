// Runs the built `segforge` in a folder of its own, for tests of the command line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace segforge {

struct Outcome {
  int code = -1;   // exit code; -1 when a signal ended the program
  int signal = 0;  // which
  std::string out;
  std::string err;
};

struct RunLimits {
  long long file_bytes = -1;  // largest file that may be written; -1: any
  int interrupt_after_ms = -1;
};

// A temporary folder, removed with everything in it.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  void Write(const std::string& name, const std::string& bytes) const;  // makes its folder
  std::string Read(const std::string& name) const;                      // fails the test where there is none
  void WriteImage(const std::string& name, int height, int width) const;  // a PNG of a colour gradient
  std::vector<std::string> Files()
      const;  // relative, sorted, all levels; what Run() keeps for itself left out

  // In this folder, with `input` as standard input.
  Outcome Run(const std::vector<std::string>& arguments, const std::string& input = "",
              const RunLimits& limits = {}) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path streams_;  // where standard input, output and error are kept
};

}  // namespace segforge
