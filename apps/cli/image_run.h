// One image from its file to its results.
#pragma once

#include <optional>
#include <shared_mutex>

#include "image_report.h"
#include "outputs.h"
#include "segforge/files.h"

namespace segforge::cli {

// The checkpoint's, with the palette's names where it has none.
ModelInfo NamedInfo(const Segmenter& segmenter, const std::string& palette, const LabelColors& colors);

class ImageRun {
 public:
  // images_at_once: how many threads will call operator() together.
  ImageRun(const SegmentOptions& options, int images_at_once);

  // Reads, segments, encodes and writes; in tile mode a band of rows at a time. Everything is encoded before
  // anything is put in its place, so that an error leaves no output at all. Throws Error, naming the image.
  // Any number of threads may call it.
  ImageReport operator()(const Job& job);

  const ModelInfo& info() const { return info_; }  // NamedInfo
  const std::string& device() const { return segmenter_.device(); }

 private:
  using Files = std::vector<std::pair<std::string, FileBytes>>;  // path and content

  void CheckWanted() const;
  Wanted WantedFor(const Job& job) const;
  Files Results(const Job& job, const FileBytes& file, ImageReport& report) const;
  ImageReport Whole(const Job& job);
  ImageReport ByRows(const Job& job) const;
  Files EncodeAll(const Job& job, const RgbImage& image, const Segmentation& result,
                  const ImageReport& report) const;
  FileBytes Encode(Format format, const RgbImage& image, const Segmentation& result,
                   const ImageReport& report) const;

  const SegmentOptions& options_;
  Segmenter segmenter_;
  LabelColors colors_;
  ModelInfo info_;
  std::optional<LabelMap> map_;  // what label files hold, where that is not the model's labels
  LabelColors mapped_colors_;
  bool others_ = false;      // may run at the same time
  std::shared_mutex alone_;  // held exclusively by an image that memory sufficed for only alone
};

}  // namespace segforge::cli
