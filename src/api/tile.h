// Tiles: images of any size with the pixels, logits and labels of one row of tiles in memory.
#pragma once

#include "api/loaded_model.h"
#include "image/row_source.h"

namespace segforge {

// The weight of a tile's logit at `index` of `size` along one axis: 1 inside, falling linearly towards the
// tile's ends over `overlap` logits, (index + 1/2) / overlap from the end, so that neighbours fade into each
// other. Above 0.
float BlendWeight(int64_t index, int64_t size, int64_t overlap);

// The image as it is, extended to multiples of 4 by repeating its last row and column, so that the logits of
// all tiles lie on one grid, four pixels apart. Where tiles overlap, their logits are averaged with the
// product of both axes' BlendWeight; the average is upsampled as a whole image's logits are. The side of the
// tiles is options.tile, or less where options.max_memory_bytes asks for it; other_bytes, which the caller
// takes, count there too. The result has no maps.
Result<Segmentation> RunTiles(const LoadedModel& model, RowSource& image, const Wanted& wanted,
                              int64_t other_bytes, Session& session, const UseRows& use);

// The whole result of an image in memory.
Result<Segmentation> RunTiles(const LoadedModel& model, const ImageView& image, const Wanted& wanted,
                              Session& session);

}  // namespace segforge
