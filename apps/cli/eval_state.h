// What an interrupted `segforge eval` leaves behind to go on from.
#pragma once

#include <chrono>
#include <string>

#include "eval.h"

namespace segforge::cli {

// Images are evaluated in the data set's order, so the list of those done is its first `done` ones; the file
// keeps their number and a digest of them, and what was counted. It is of a constant size.
class EvalState {
 public:
  // path: "" keeps nothing.
  EvalState(std::string path, const EvalOptions& options, const LabeledImages& images);

  // What an earlier run left is put into `evaluation`; returns how many images are done, 0 without a file.
  // Throws Error for a file of another model, data set or options, and for any other file.
  size_t Load(Evaluation& evaluation) const;

  void Save(const Evaluation& evaluation, size_t done);  // when some seconds have passed since the last time
  void SaveNow(const Evaluation& evaluation, size_t done);

 private:
  std::string path_;
  std::string model_;     // digest
  std::string settings_;  // whatever changes the labels, or what is counted
  const LabeledImages& images_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace segforge::cli
