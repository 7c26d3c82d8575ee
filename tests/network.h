// SegFormer models, their stored references, and running the one on the other.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "formats/npy.h"
#include "model/model.h"
#include "tests/ops/backends.h"

namespace segforge {

// A path inside the repository.
std::filesystem::path InSource(const std::string& path);
// A path of ../shared or $SEGFORGE_SHARED; may not exist.
std::filesystem::path InShared(const std::string& path);

// What a float64 model made of an image.
struct Reference {
  std::string name;
  Tensor image;                // [H, W, 3] u8
  Tensor logits;               // [classes, h, w] f32
  Tensor labels;               // [H, W] u8
  std::vector<Tensor> hidden;  // stage outputs [C, h, w] f32; often none
};
Result<Reference> StoredReference();  // of models/street-b0, 97 x 131
Result<std::vector<Reference>> SharedReferences(const std::string& model);

// max |actual - expected| over the greatest expected; actual [1, h, w, C], expected [C, h, w] f32. A NaN
// comes through.
double LogitError(const Tensor& actual, const Tensor& expected);

// The share of labels u8 that differ; both of one shape.
double Disagreement(const Tensor& a, const Tensor& b);

// What LogitError may be for a network computed in that precision, and the share of pixels that may get
// another label. Rounding values and weights alone costs street-b0 about one unit roundoff of its greatest
// logit, and of its labels half of that.
double LogitTolerance(Precision precision);
double LabelTolerance(Precision precision);

struct Prediction {
  std::vector<Tensor> outputs;  // of the graph: logits, then what was added
  Tensor labels;                // [H, W] u8, of the first image
};

class Network {
 public:
  struct Options {
    bool passes = true;
    int threads = 1;
    bool stage_outputs = false;  // adds the four stages' outputs after the logits
    LoadModelOptions load;
  };
  static Result<Network> Load(const std::filesystem::path& model, const BackendCase& backend,
                              const Options& options);

  // images [H, W, 3] u8, all of one size, as one batch.
  Result<Prediction> Run(std::span<const Tensor* const> images);
  Result<Prediction> Run(const Tensor& image) {
    const Tensor* const images[] = {&image};
    return Run(images);
  }
  Engine& engine() { return *engine_; }

 private:
  Preprocessing preprocessing_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
};

}  // namespace segforge
