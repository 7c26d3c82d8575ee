// How good a model is: its labels against true ones, and its results against another's.
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/files.h"
#include "segforge/segforge.h"

namespace segforge {

// ---- True labels ------------------------------------------------------------------------------------------

struct GroundTruth {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint16_t> labels;  // [height, width]
};

struct DatasetOptions {
  // "pairs", "cityscapes", "ade20k" or "list" (docs/cli.md describes them); "" to tell by what is there.
  std::string layout;
  std::string split;  // sub-folder of Cityscapes ("val") or ADE20K ("validation"); "" for these
  // Label files hold class + 1, and 0 for "other", which is ignored. ADE20K's always do.
  bool reduce_zero_label = false;
  int ignore = 255;  // the label of pixels that do not count, 0 to 65535
};

// The images of a data set and their label files. Label files are grey or indexed PNG, whose samples are the
// labels. Movable.
class SEGFORGE_API LabeledImages {
 public:
  // path: a folder, or for "list" a text file. Fails when an image has no label file.
  explicit LabeledImages(const std::string& path, const DatasetOptions& options = {});
  LabeledImages(LabeledImages&&) noexcept;
  LabeledImages& operator=(LabeledImages&&) noexcept;
  ~LabeledImages();

  const std::string& layout() const;
  size_t size() const;  // at least 1
  std::string image(size_t index) const;
  std::string labels(size_t index) const;
  GroundTruth LoadLabels(size_t index) const;  // class indices, or `ignore`

  // Tells whether the first `count` samples are the same files as before, by their paths below the data set
  // and their sizes.
  std::string Digest(size_t count) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- Against true labels ----------------------------------------------------------------------------------

struct ClassQuality {
  int64_t truth_pixels = 0;
  int64_t predicted_pixels = 0;
  std::optional<double> iou;         // none for a class that neither occurs nor is predicted
  std::optional<double> accuracy;    // share of its pixels found; none for a class that does not occur
  std::optional<double> boundary_f;  // mean over the images where it has a boundary
};

// Shares are 0..1.
struct Quality {
  std::vector<ClassQuality> classes;
  int64_t images = 0;
  int64_t pixels = 0;         // that counted
  double mean_iou = 0;        // over the classes that have one, as mean_accuracy
  double pixel_accuracy = 0;  // of all pixels that counted
  double mean_accuracy = 0;
  double boundary_f = 0;  // mean over images of the mean over their classes
};

struct EvaluationOptions {
  int ignore = 255;            // as DatasetOptions::ignore
  int boundary_tolerance = 3;  // pixels, 0 to 100: how far a boundary may be off
};

// Sums over images, in memory that does not grow with their number. Movable.
class SEGFORGE_API Evaluation {
 public:
  explicit Evaluation(int64_t classes, const EvaluationOptions& options = {});
  Evaluation(Evaluation&&) noexcept;
  Evaluation& operator=(Evaluation&&) noexcept;
  ~Evaluation();

  // Of one image, whose size both must have. Where it throws, nothing was counted.
  void Add(const Segmentation& prediction, const GroundTruth& truth);

  Quality Total() const;
  const std::vector<int64_t>& confusion() const;  // [true class, predicted class] of pixels

  // All sums as JSON, and back into an evaluation made with the same classes and options: what is added later
  // gives the same result to the last bit. Restore throws for a text that is not of such an evaluation.
  std::string Save() const;
  void Restore(const std::string& saved);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A picture of a confusion matrix as PNG: a square a pair of classes, true classes from top to bottom,
// predicted ones from left to right, darker for a greater share of the true class's pixels. No text.
SEGFORGE_API std::vector<std::byte> EncodeConfusionPng(const std::vector<int64_t>& confusion);

// Tells models apart: by the bytes of the files that make it up.
SEGFORGE_API std::string ModelDigest(const std::string& model);

// ---- Against another result -------------------------------------------------------------------------------

// Of the logits' elements; errors are |candidate - reference|. Over several images percentiles are right to
// 1/128 of themselves.
struct LogitDifference {
  double r0 = 0;  // median of |candidate - reference| / max(|reference|, 1e-9)
  double max_error = 0;
  double mean_error = 0;
  double p50_error = 0;
  double p99_error = 0;
  double p999_error = 0;
  double cosine = 1;  // of all logits as one vector
};

// By how much the reference preferred its own label where the candidate has another: greatest less second of
// its logits, upsampled to the image.
struct FlippedMargin {
  double median = 0;
  double max = 0;
};

struct Difference {
  int64_t pixels = 0;
  int64_t flipped = 0;  // pixels whose label differs
  double a0 = 0;        // their share
  // Of the reference's pixels within 3 of a change of class, along rows and columns.
  int64_t border_pixels = 0;
  int64_t border_flipped = 0;
  double mean_iou = 0;  // the reference's labels taken as true
  std::vector<std::optional<double>> class_iou;
  std::optional<LogitDifference> logits;  // where both results have them
  std::optional<FlippedMargin> margin;    // where the reference has logits and a pixel flipped
};

// Sums over images. Movable.
class SEGFORGE_API Comparison {
 public:
  explicit Comparison(int64_t classes);
  Comparison(Comparison&&) noexcept;
  Comparison& operator=(Comparison&&) noexcept;
  ~Comparison();

  // Results of one image: its difference, which also counts for Total().
  Difference Add(const Segmentation& candidate, const Segmentation& reference);
  Difference Total() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// An .onnx file run by an installed ONNX Runtime, which is loaded only here: $SEGFORGE_ONNXRUNTIME, or
// libonnxruntime.so where the system's loader finds it. Movable.
class SEGFORGE_API OnnxReference {
 public:
  // The file takes [1, 3, H, W] f32, prepared as `options` and `like` say, and gives either logits of as many
  // classes as `like` has, f32 [1, classes, h, w], or labels, whole numbers [1, H, W] or [1, 1, H, W]. One
  // that takes a single size gets it where `options` leave the size native; throws where they say another.
  // kUnsupported without the library.
  OnnxReference(const std::string& path, const ModelInfo& like, const SegmenterOptions& options);
  OnnxReference(OnnxReference&&) noexcept;
  OnnxReference& operator=(OnnxReference&&) noexcept;
  ~OnnxReference();

  const std::string& device() const;             // "ONNX Runtime 1.20.1", "..., 1024x1024 alone"
  RgbImage Resized(const RgbView& image) const;  // to the network's input size
  // Labels of the network's input size, since labels in a file know no other; to be compared with results of
  // the image Resized. With logits, where the file gives them.
  Segmentation Run(const RgbView& image) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct LayerDifference {
  std::string name;       // of the candidate's step: "stage1.block0.attention"
  std::string operation;  // "Attention"
  std::vector<int64_t> shape;
  double max_error = 0;       // greatest |candidate - reference|
  double relative_error = 0;  // over the reference's greatest magnitude
};

struct LayerReport {
  std::vector<LayerDifference> layers;  // in the order in which they run
  // The first whose relative error is above 1e-2, or more than ten times the median of those before it (and
  // of 1e-6, below which errors are rounding).
  std::optional<size_t> first_jump;
  size_t unmatched = 0;  // the candidate's steps whose value the reference does not have
};

// Runs two models on an image step by step and compares the values that both have. Where graph rewrites
// differ, those are the values of the published graph that either's rewrites left.
SEGFORGE_API LayerReport CompareLayers(const std::string& candidate,
                                       const SegmenterOptions& candidate_options,
                                       const std::string& reference,
                                       const SegmenterOptions& reference_options, const RgbView& image);

// A result from numpy's .npy files for an image of height x width. labels: integers [height, width]; logits:
// floats [classes, h, w] or [1, classes, h, w], from which labels follow where none are stored. Either path
// may be "", not both. Throws for arrays of another shape, or labels that are not below `classes`.
SEGFORGE_API Segmentation LoadSegmentation(const std::string& labels, const std::string& logits,
                                           int64_t height, int64_t width, int64_t classes);

// The number of axes of the one array in a .npy file.
SEGFORGE_API int NpyAxes(const std::string& path);

// The image in faded grey, with red where the results' labels differ, as PNG.
SEGFORGE_API std::vector<std::byte> EncodeDifferencePng(const RgbView& image, const Segmentation& candidate,
                                                        const Segmentation& reference);

}  // namespace segforge
