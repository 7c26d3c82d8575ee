// Which published class table goes with a model.
#pragma once

#include "image/palette.h"
#include "segforge/files.h"

namespace segforge {

// The table with that many classes (19, 150 or 11), or generated colours.
Palette DefaultPalette(int64_t classes);

Palette PaletteOf(const LabelColors& colors);

}  // namespace segforge
