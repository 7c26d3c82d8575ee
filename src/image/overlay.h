// Label maps as pictures.
#pragma once

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "image/image.h"
#include "image/palette.h"

namespace segforge {

// labels [H, W] u8 or u16 -> [H, W, 3], each label in its colour; labels past the palette's end get
// generated colours. Runs on pool's threads, or on the caller's alone where it is null.
Image Colorize(const ConstTensorView& labels, const Palette& palette, ThreadPool* pool = nullptr);

// image * (1 - alpha) + colour * alpha, alpha in [0, 1] and kept to 1/256; labels are of the image's size.
Image Overlay(const ImageView& image, const ConstTensorView& labels, const Palette& palette, float alpha,
              ThreadPool* pool = nullptr);

}  // namespace segforge
