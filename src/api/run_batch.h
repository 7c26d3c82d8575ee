// From checked images to segmentations, in the mode that the options choose.
#pragma once

#include <vector>

#include "api/loaded_model.h"

namespace segforge {

// Images that go through the network together: all of one network size.
struct Batch {
  ImageSize network;
  std::vector<size_t> images;  // indices, ascending
};

// Whole images of one network size become one batch; slid over, tiled or augmented, each is run alone.
Result<std::vector<Batch>> BatchesOf(const LoadedModel& model, const std::vector<ImageView>& images);

// One result for each of the batch's images, in their order. The session must have model.threads threads.
Result<std::vector<Segmentation>> RunBatchOnSession(const LoadedModel& model,
                                                    const std::vector<ImageView>& images, const Batch& batch,
                                                    const Wanted& wanted, Session& session);

// Whether images go through the network as a whole, once: then RunIntoOnSession serves them.
bool RunsWhole(const SegmenterOptions& options);

// The labels alone, where they are wanted: u8 or u16 as ResultsFor has them, [H, W] of the image.
Result<Timings> RunIntoOnSession(const LoadedModel& model, const ImageView& image, ImageSize network,
                                 const TensorView& labels, Session& session);

}  // namespace segforge
