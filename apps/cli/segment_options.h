// What `segforge segment` is asked to do.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "segforge/video.h"

namespace segforge::cli {

enum class Format : uint8_t { kLabels, kOverlay, kColor, kNpy, kJson, kRle, kCoco, kGeoJson };

struct FormatRow {
  Format format;
  std::string_view name;    // what --format takes
  std::string_view suffix;  // of a file where its name must tell the formats apart
  std::string_view extension;
};
const FormatRow& RowOf(Format format);

// What label files hold for each class.
enum class Convention : uint8_t { kModel, kCityscapesIds, kReduceZeroLabel, kFile };

struct SegmentOptions {
  std::vector<std::string> inputs;
  std::string model = "street-b0";
  std::string out;  // "" when not given
  std::vector<Format> formats;
  double alpha = 0.5;
  std::string palette;  // "" for the model's own
  std::string save_logits;
  std::string confidence;
  int64_t top_k = 0;
  double reject_below = 0;
  Convention convention = Convention::kModel;
  std::string label_map;       // of Convention::kFile
  SegmenterOptions segmenter;  // its threads are those of all images together
  VideoOptions video;          // of an input that is one; alpha and reject_below are those above
  int images_at_once = 0;      // 0: as many as there are threads, but not more than 8
  bool recursive = false;
  bool json = false;
  bool quiet = false;
};

// Adds the verb and its options to the program; they are read into `options`, which must outlive the parsing.
CLI::App* AddSegmentCommand(CLI::App& program, SegmentOptions& options);

// "512x1024" (height x width) into options; throws CLI::ValidationError.
void ParseSize(const std::string& text, SegmenterOptions& options);

// Options that say how a model's graph is made from a checkpoint.
void AddGraphOptions(CLI::App& command, SegmenterOptions& options);

// Those, and what concerns engine files: of verbs that run a model.
void AddEngineOptions(CLI::App& command, SegmenterOptions& options);

}  // namespace segforge::cli
