#include "image/orientation.h"

#include <libexif/exif-data.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/byte_reader.h"
#include "base/memory.h"

namespace segforge {
namespace {

using ExifPointer = std::unique_ptr<ExifData, decltype(&exif_data_unref)>;

// Turns go through square blocks: one side is read or written across rows, and a block of both stays in
// cache.
constexpr int64_t kBlock = 32;

}  // namespace

int ReadOrientation(std::span<const std::byte> exif) {
  constexpr std::string_view kHeader("Exif\0\0", 6);
  // An APP1 segment of JPEG, where EXIF comes from, holds no more; orientation is near the front.
  constexpr size_t kMaxBytes = 65535;
  std::string block(AsText(exif.first(std::min(exif.size(), kMaxBytes))));
  if (!block.starts_with(kHeader)) block.insert(0, kHeader);
  const ExifPointer data(exif_data_new(), exif_data_unref);
  if (data == nullptr) return 1;
  exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);  // adds entries of its own
  exif_data_load_data(data.get(), reinterpret_cast<const unsigned char*>(block.data()),
                      static_cast<unsigned int>(block.size()));
  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

Result<Image> Upright(Image image, int orientation) {
  if (orientation == 1) return image;
  SEGFORGE_RETURN_IF_ERROR(
      CheckMemory(static_cast<int64_t>(image.pixels.size()), "turning the image upright"));
  const bool swaps_sides = orientation >= 5;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  int64_t row_step = image.width * 3;  // in the source, when the output goes down by one
  int64_t column_step = 3;
  const uint8_t* origin = image.pixels.data();
  if (from_bottom) origin += (image.height - 1) * row_step;
  if (from_right) origin += (image.width - 1) * column_step;
  if (from_bottom) row_step = -row_step;
  if (from_right) column_step = -column_step;
  if (swaps_sides) std::swap(row_step, column_step);

  Image output{image.height, image.width, std::vector<uint8_t>(image.pixels.size())};
  if (swaps_sides) std::swap(output.height, output.width);
  for (int64_t top = 0; top < output.height; top += kBlock) {
    for (int64_t left = 0; left < output.width; left += kBlock) {
      for (int64_t y = top; y < std::min(top + kBlock, output.height); ++y) {
        uint8_t* out = output.pixels.data() + (y * output.width + left) * 3;
        for (int64_t x = left; x < std::min(left + kBlock, output.width); ++x, out += 3)
          std::memcpy(out, origin + y * row_step + x * column_step, 3);
      }
    }
  }
  return output;
}

}  // namespace segforge
