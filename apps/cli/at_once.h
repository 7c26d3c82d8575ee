// How many images are worked on at the same time.
#pragma once

#include <cstddef>
#include <string>

#include "segforge/segforge.h"

namespace segforge::cli {

// On a CPU as many as there are threads, at most 8, for each has working memory of its own. On GPUs, whose
// memory is shared, the threads decode and encode, and it takes many to keep a device busy.
size_t MostAtOnce(const std::string& device, int threads);

// Divides the threads among the images. Those of several leave the processor to each other when they wait for
// a GPU.
void ShareThreads(int threads, size_t images_at_once, SegmenterOptions& options);

}  // namespace segforge::cli
