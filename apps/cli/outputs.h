// Where results go: decided, and checked for clashes, before any work is done.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "inputs.h"
#include "segment_options.h"

namespace segforge::cli {

struct Job {
  std::string input;                                 // "-" for standard input
  std::vector<std::pair<Format, std::string>> maps;  // format and path; "-" for standard output
  std::string logits;                                // "" when not wanted
  std::string confidence;
  std::string top_labels;
  std::string top_probabilities;
};

// Throws Error when an output would replace the input, or cannot be written.
void CheckPlace(const std::string& output, const std::string& input);

// Throws Error when no file can be written there; "-" is standard output.
void CheckWritable(const std::string& path);

// The folder that `-o` names or stands for; "" when outputs are single files.
std::filesystem::path OutputFolder(const SegmentOptions& options, bool several);

// One job an input, made when it is asked for: a million of them take no memory. Images that would share an
// output's name keep their extension in it (a.jpg.png, a.png.png).
class JobPlan {
 public:
  // Throws Error when an output would replace an input or another output, or cannot be written. Both must
  // outlive the plan.
  JobPlan(const SegmentOptions& options, const InputList& list);

  size_t size() const { return list_.size(); }
  Job operator[](size_t i) const;

 private:
  std::string BaseName(const Input& input) const;
  void Check() const;

  const SegmentOptions& options_;
  const InputList& list_;
  std::filesystem::path folder_;
  std::vector<uint64_t> shared_stems_;  // hashes, sorted
};

}  // namespace segforge::cli
