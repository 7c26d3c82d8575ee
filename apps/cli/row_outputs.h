// The results of one image that is run by rows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "outputs.h"
#include "segforge/rows.h"

namespace segforge::cli {

class RowOutputs {
 public:
  // map: what label files hold, where that is not the model's labels. All but the job outlive the call alone.
  RowOutputs(const Job& job, const ImageRows& image, const ModelInfo& model, double alpha,
             const LabelColors& colors, const std::optional<LabelMap>& map);

  // Of the labels that formats need which are not written by rows: masks are one document of all of them.
  int64_t kept_bytes() const;

  void Add(const Segmentation& rows, const RgbView& pixels);

  const std::vector<int64_t>& pixels() const { return pixels_; }  // of each class, so far

  // Puts everything in its place, after the last row: what is not written by rows as `encode` gives it from
  // the kept labels. Returns the names of the outputs.
  using Encode = std::function<FileBytes(Format format, const Segmentation& labels)>;
  std::vector<std::string> Finish(const Encode& encode);

 private:
  struct Output {
    std::string path;
    Format format;
    RowWriterPointer rows;  // null for what is encoded from kept_
    bool maps_labels;
  };

  void AddMap(Format format, const std::string& path, double alpha, const LabelColors& colors);
  void AddArray(const std::string& path, RowWriterPointer (*make)(const std::string&, int64_t, int64_t));

  std::optional<LabelMap> map_;
  std::vector<Output> outputs_;
  Segmentation kept_;  // labels alone
  bool keeps_labels_ = false;
  bool maps_labels_ = false;
  std::vector<int64_t> pixels_;
};

}  // namespace segforge::cli
