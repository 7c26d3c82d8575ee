// Segforge's public interface: load a SegFormer checkpoint, run it on images, get label maps.
//
//   segforge::Segmenter segmenter("street-b0");
//   segforge::RgbImage image = segforge::LoadImage("street.jpg");   // segforge/files.h
//   segforge::Segmentation result = segmenter.Run(image.view());
//   int label = result.LabelAt(y, x);   // name: segmenter.info().class_names[label]
//
// Every function reports failure by throwing segforge::Error. The header needs C++17 and the standard library
// alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#define SEGFORGE_API __attribute__((visibility("default")))

namespace segforge {

enum class ErrorCode : uint8_t {
  kInvalidInput,  // the bytes, file, name or option that was given is wrong
  kUnsupported,   // well-formed, but outside what Segforge does
  kOutOfMemory,   // refused before the memory was taken
  kIo,            // the operating system said no
};

// what() is one line: the file or tensor, what is wrong with it, expected, got.
class SEGFORGE_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ~Error() override;
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// ---- Images ----------------------------------------------------------------------------------------------

// [height, width, 3] u8 sRGB, R G B interleaved; rows are stride_bytes apart, 0 meaning width * 3. Does not
// own.
struct RgbView {
  const uint8_t* data = nullptr;
  int64_t height = 0;
  int64_t width = 0;
  int64_t stride_bytes = 0;
};

// Bytes for a Segmenter's images and labels: page-locked for one on a GPU, which then copies them by itself.
// Copies of the object share them; they go with the last one, and may outlive the Segmenter.
struct HostMemory {
  std::shared_ptr<uint8_t> data;
  size_t bytes = 0;
};

// ---- The model -------------------------------------------------------------------------------------------

// Of the network's input; label maps have the source image's size whatever is chosen here.
enum class NetworkSize : uint8_t {
  kNative,      // the image's own: no detail lost, no distortion, and the cost grows with the image
  kFromConfig,  // what the model's preprocessor_config.json says, which squashes the image; kNative without
                // one
  kFixed,       // SegmenterOptions' height and width
};

enum class Resampling : uint8_t { kFromConfig, kPillow, kOpenCv };

// How a call waits for a GPU.
enum class GpuWait : uint8_t {
  kSpin,   // keeps its processor, and goes on at once: for latency
  kSleep,  // leaves it to other threads, and goes on some tens of microseconds later
};

enum class InferenceMode : uint8_t {
  kWhole,  // the network sees the whole image
  kSlide,  // windows of the network's input, whose logits are averaged where they overlap: as mmseg slides
  // Overlapping tiles that fade into each other, a row of tiles at a time: for images too large for kSlide,
  // whose logits it does not keep. At the image's own size, without augmentation.
  kTile,
};

struct SegmenterOptions {
  int threads = 0;  // of each Run; 0: as many as the process may use
  // "": what an engine file was built for, else "cpu". "cpu"; "ref": plain loops in double precision, to
  // compare with; "cuda", the first NVIDIA GPU, or "cuda:1"; "cuda:0,1" or "cuda:all": several, over which
  // calls are spread; "auto": "cuda" where that can be had, else "cpu". What it came to is in
  // Segmenter::device().
  std::string device;
  // "fp32", "tf32", "fp16", "bf16"; "auto": fp16 on a GPU, else fp32. A CPU computes in fp32 alone.
  std::string precision = "auto";
  GpuWait gpu_wait = GpuWait::kSpin;
  // Layers that stay in fp32 whatever the precision: names of the graph's nodes (`segforge inspect --graph`),
  // with * and ? as in file names, or their beginnings up to a dot: "stage1", "*.attention".
  std::vector<std::string> fp32_layers;
  std::vector<std::string> disabled_passes;  // as `segforge segment --disable-pass` takes them; "all" for all
  // What is fused, as `segforge segment --fuse` takes it: "layernorm=none", "gelu=none"; "layernorm=" takes
  // all, none, a number (the first so many, in the graph's order) or a name, after which further names may
  // follow as texts of their own. A word that is missing is fused.
  std::vector<std::string> fuse;
  std::optional<float> layer_norm_eps;  // instead of those of the checkpoint's family
  // An engine file that was built for another device runs as a graph of its own precision, without what was
  // timed there. Else it is refused.
  bool allow_rebuild = false;
  // Above 0, with NetworkSize::kFixed: when the model is loaded, the ways of running its kernels are timed
  // for batches of so many images of height x width, or taken from the timing cache in the user's folder.
  int64_t tuned_batch = 0;
  NetworkSize size = NetworkSize::kNative;
  int64_t height = 0;  // of NetworkSize::kFixed, each at least 32
  int64_t width = 0;
  Resampling resampling = Resampling::kFromConfig;  // when the network's size is not the image's
  InferenceMode mode = InferenceMode::kWhole;
  // Of kSlide: the windows, each side at least 32, and how far they are apart, at least 1 and at most the
  // crop. A window at the border is moved inwards; an image smaller than the crop is one window.
  int64_t crop_height = 1024;
  int64_t crop_width = 1024;
  int64_t stride_height = 768;
  int64_t stride_width = 768;
  // The network's size is the largest of the image's shape within height x width, either way round: the
  // image's longer side is at most the longer one of the two and its shorter side at most the shorter one, as
  // mmseg's Resize(keep_ratio=True). Without a size to fit into (kNative) it changes nothing.
  bool keep_ratio = false;
  int64_t divisor = 1;  // the network's sides are rounded up to multiples of it, by resizing, not by padding
  // Test-time augmentation: the softmax probabilities of the image at each scale of the network's size, and
  // of its mirror image too when `flip` is set, are averaged. Logits are then the logarithm of that mean, at
  // the image's size.
  std::vector<double> scales = {1.0};  // each above 0
  bool flip = false;
  // Of kTile: a tile's side, a multiple of 32 and at least 64; how far tiles overlap, a multiple of 4 and at
  // most half a tile; and how many bytes the image, its results and the working memory may take together, 0
  // for as many as there are: tiles shrink to 256 before that is refused. Of RunRows' image and results, the
  // rows alone that it holds.
  int64_t tile = 1024;
  int64_t overlap = 128;
  int64_t max_memory_bytes = 0;
};

struct StageInfo {
  int64_t width = 0;  // channels
  int64_t blocks = 0;
  int64_t heads = 0;
  int64_t sr_ratio = 0;
  int64_t ffn_width = 0;
};

struct ModelInfo {
  std::string name;     // "SegFormer-B1"
  std::string variant;  // "B0".."B5" or "custom"
  std::string family;   // "NVlabs", "Hugging Face" or "mmseg 1.x": whose names and LayerNorm eps it has
  std::string license;  // "" when unknown
  int64_t classes = 0;
  // `classes` names. Where the checkpoint has none: those of Cityscapes for 19 classes, of ADE20K for 150,
  // else "class 3".
  std::vector<std::string> class_names;
  bool class_names_known = false;  // the checkpoint has them
  int64_t parameters = 0;
  std::array<StageInfo, 4> stages = {};
  int64_t head_width = 0;
  // Preprocessing: input = (resized u8 * rescale - mean) / std.
  int64_t config_height = 0;  // of NetworkSize::kFromConfig; 0 when the model names none
  int64_t config_width = 0;
  Resampling resampling = Resampling::kPillow;
  float rescale = 0;
  std::array<float, 3> mean = {};
  std::array<float, 3> std = {};
  // True when the data set's label files keep 0 for "other": their value is then our label + 1.
  bool reduce_zero_label = false;
};

// ---- Running ---------------------------------------------------------------------------------------------

// An exponential average of logits over the frames of one video, so that labels flicker less:
//   average = keep * average + (1 - keep) * logits
// beginning with the first frame's logits, and anew when their size changes. One object a video, in use by
// one call at a time; filled by the calls.
struct LogitAverage {
  double keep = 0.5;               // 0 <= keep < 1
  std::vector<float> logits = {};  // [height, width, classes]
  int64_t height = 0;
  int64_t width = 0;
};

struct Wanted {
  bool logits = false;
  bool confidence = false;
  int64_t top_k = 0;        // so many most probable classes of each pixel; at most all
  double reject_below = 0;  // labels whose probability is below become the ignore label, 255 or 65535
  // All results are made of the average's logits, after this image's have been added. The caller's; null for
  // none. For images that are run one at a time, and not tiled.
  LogitAverage* average = nullptr;
};

// Milliseconds. On a GPU they are taken there, and exclude waiting while it runs other calls.
struct Timings {
  double resize = 0;  // and normalise, and on a GPU what brings the image there
  double engine = 0;
  double labels = 0;  // upsample and argmax, and copying the logits when wanted
};

struct Segmentation {
  int64_t height = 0;  // of the source image
  int64_t width = 0;
  // [height, width], row-major: the model's class indices 0 .. classes - 1, also under reduce_zero_label. One
  // of the two is filled: labels8 up to 255 classes, labels16 above. Rejected pixels have 255 or 65535.
  std::vector<uint8_t> labels8;
  std::vector<uint16_t> labels16;
  std::vector<float> confidence;  // [height, width] softmax probability of the label; empty unless wanted
  std::vector<float> logits;      // [classes, logits_height, logits_width]; empty unless wanted
  int64_t logits_height = 0;      // a quarter of the network's input, rounded up; all of it under kSlide
  int64_t logits_width = 0;
  int64_t network_height = 0;
  int64_t network_width = 0;
  // [top_k, height, width]: the most probable classes, best first, and their softmax probabilities.
  std::vector<uint16_t> top_labels;
  std::vector<float> top_probabilities;
  Timings timings;  // of the call; the images of one batch share them

  int LabelAt(int64_t y, int64_t x) const {
    const auto i = static_cast<size_t>(y * width + x);
    return labels16.empty() ? labels8[i] : labels16[i];
  }
};

// Labels [height, width] in the caller's memory, rows without gaps: labels8 for a model of up to 255 classes,
// labels16 above.
struct LabelTarget {
  uint8_t* labels8 = nullptr;
  uint16_t* labels16 = nullptr;
  int64_t height = 0;
  int64_t width = 0;
};

class ImageRows;  // segforge/rows.h

// Rows of a result from the top, each once, with their pixels [rows.height, width, 3]. Valid during the call.
using UseRows = std::function<void(const Segmentation& rows, const RgbView& pixels)>;

// A loaded model, ready to run. Movable. Its functions may be called from any number of threads at once; each
// call has `threads` threads and working memory of its own, kept for the next call. On a GPU three calls at a
// time share the working memory, and others wait.
class SEGFORGE_API Segmenter {
 public:
  // model: "street-b0" (the built-in one), a Hugging Face folder, a .safetensors, .pth or .segforge file.
  explicit Segmenter(const std::string& model, const SegmenterOptions& options = {});
  Segmenter(Segmenter&&) noexcept;
  Segmenter& operator=(Segmenter&&) noexcept;
  ~Segmenter();

  const ModelInfo& info() const;
  int gpus() const;                   // that it runs on; 0 for a CPU
  const std::string& device() const;  // "cpu avx2, 2 threads, fp32", "cuda:0 NVIDIA H100 80GB HBM3, fp16"

  // Logits are upsampled to the image's own size (bilinear, half-pixel centres), then argmaxed.
  Segmentation Run(const RgbView& image, const Wanted& wanted = {}) const;
  // The labels alone, into memory of the image's size. From and to memory of NewMemory, or that the caller
  // has page-locked otherwise, a GPU copies directly: the shortest way.
  Timings RunInto(const RgbView& image, const LabelTarget& labels) const;
  // Contents undefined.
  HostMemory NewMemory(size_t bytes) const;
  // One result an image. Those of one network size go through the network together; under kSlide each alone.
  std::vector<Segmentation> RunBatch(const std::vector<RgbView>& images, const Wanted& wanted = {}) const;
  // Of kTile: Run of an image that is not in memory. `use` gets the maps, the result has none. other_bytes,
  // which the caller keeps of them, count against max_memory_bytes.
  Segmentation RunRows(ImageRows& image, const Wanted& wanted, int64_t other_bytes, const UseRows& use) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- Looking inside --------------------------------------------------------------------------------------

struct PartCost {
  std::string name;    // "stage 1" .. "stage 4", "head"
  int64_t height = 0;  // of the part's output
  int64_t width = 0;
  int64_t parameters = 0;
  int64_t published_macs = 0;  // multiply-adds as published
  int64_t folded_macs = 0;     // after Segforge's exact rewrites
};

struct PassResult {
  std::string name;
  std::string summary;
  int rewrites = 0;
};

struct EngineSize {
  int64_t batch = 1;
  int64_t height = 512;
  int64_t width = 512;
};

// How an engine file was made.
struct EngineFileInfo {
  std::string built_by;       // "segforge 0.1.0"
  std::string source;         // the checkpoint's name
  std::string source_digest;  // of its bytes
  std::string device;         // "cpu", or "NVIDIA H100 80GB HBM3, compute capability 9.0"
  std::string precision;      // "fp16"
  std::vector<std::string> fp32_layers;
  std::vector<std::string> disabled_passes;
  std::vector<std::string> fuse;  // as SegmenterOptions has it
  std::vector<EngineSize> sizes;  // whose ways of running were timed
};

struct ModelReport {
  ModelInfo info;
  // Of an engine file. It has no graph as published: published_macs are 0 then, and there are no passes.
  std::optional<EngineFileInfo> engine_file;
  std::array<float, 4> layer_norm_eps = {};  // patch embeddings, blocks, after sr, stage ends
  std::vector<PartCost> parts;
  std::vector<PassResult> passes;
  std::string published_graph;  // one line a node
  std::string folded_graph;
};

// What the model is and costs for one image of that size (>= 32 x 32). Of the options, size and threads play
// no role.
SEGFORGE_API ModelReport InspectModel(const std::string& model, int64_t height, int64_t width,
                                      const SegmenterOptions& options = {});

SEGFORGE_API int UsableThreads();  // processors that this process may run on

SEGFORGE_API const char* Version();  // "0.1.0"

}  // namespace segforge
