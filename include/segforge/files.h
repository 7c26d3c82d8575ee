// What surrounds a run: reading images, colours for labels, and writing results.
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/segforge.h"

namespace segforge {

using FileBytes = std::vector<std::byte>;

// ---- Images -----------------------------------------------------------------------------------------------

// Owned pixels, rows without padding.
struct RgbImage {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;

  RgbView view() const { return {pixels.data(), height, width, width * 3}; }
};

// A JPEG, PNG or WebP: EXIF orientation applied, grey and palette expanded, alpha dropped, ICC profiles
// ignored. At most 2^29 pixels.
SEGFORGE_API RgbImage DecodeImage(const FileBytes& bytes);
SEGFORGE_API RgbImage LoadImage(const std::string& path);

// ---- Colours ----------------------------------------------------------------------------------------------

struct LabelColors {
  std::vector<std::array<uint8_t, 3>> rgb;  // of each class
  std::vector<std::string> names;           // of each class as the palette has them; empty when it does not
};

// The colours of a model's classes. palette: "cityscapes", "ade20k", "camvid", a text file (one colour a
// line, "R G B" or "#rrggbb", then perhaps a name) or "" for what fits the number of classes. Where it is too
// short, generated colours follow.
SEGFORGE_API LabelColors LoadLabelColors(const std::string& palette, const ModelInfo& model);

// ---- Label conventions ------------------------------------------------------------------------------------

// What other tools call the model's classes.
struct LabelMap {
  std::vector<uint16_t> to;  // of each class
  uint16_t ignored = 0;      // of rejected pixels
};

// The official ids of Cityscapes, as its evaluation server expects them; rejected pixels become 0, unlabeled.
// For models of its 19 classes.
SEGFORGE_API LabelMap CityscapesLabelIds(const ModelInfo& model);
// Label + 1, and 0 for rejected pixels: as data sets have it that reserve 0 for "other" (reduce_zero_label).
SEGFORGE_API LabelMap ReducedZeroLabels(const ModelInfo& model);
// A text file of a class and what it becomes (0 to 65535) a line, or JSON, {"0": 7, ...} or [7, ...]. Every
// class is given once; the ignore label may be given too, and stays as it is otherwise.
SEGFORGE_API LabelMap LoadLabelMap(const std::string& path, const ModelInfo& model);

// The labels alone, mapped: labels16 where the map goes above 255, else labels8.
SEGFORGE_API Segmentation MapLabels(const Segmentation& result, const LabelMap& map);
// The classes' colours at their new labels; where two classes become one, the later one's.
SEGFORGE_API LabelColors MapColors(const LabelColors& colors, const LabelMap& map);

// ---- Results ----------------------------------------------------------------------------------------------

// An indexed PNG whose values are the labels; 16-bit grey without colours above 255 classes.
SEGFORGE_API FileBytes EncodeLabelsPng(const Segmentation& result, const LabelColors& colors);
// The labels' colours as RGB.
SEGFORGE_API FileBytes EncodeColorPng(const Segmentation& result, const LabelColors& colors);
// The image with the labels' colours over it: image * (1 - alpha) + colour * alpha, alpha in 0..1.
SEGFORGE_API FileBytes EncodeOverlayPng(const RgbView& image, const Segmentation& result,
                                        const LabelColors& colors, double alpha);

// numpy's .npy: labels u8 or u16 [height, width]; logits f32 [classes, h, w] and confidence f32 [height,
// width], which must have been wanted.
SEGFORGE_API FileBytes EncodeLabelsNpy(const Segmentation& result);
SEGFORGE_API FileBytes EncodeLogitsNpy(const Segmentation& result);
SEGFORGE_API FileBytes EncodeConfidenceNpy(const Segmentation& result);

// The most probable classes u16 [k, height, width], and their probabilities f32 of the same shape.
SEGFORGE_API FileBytes EncodeTopLabelsNpy(const Segmentation& result);
SEGFORGE_API FileBytes EncodeTopProbabilitiesNpy(const Segmentation& result);

// Masks as JSON, of the classes that occur; rejected pixels belong to none. Regions are pixels of one class
// that are connected by their sides, their corners those of pixels: (0, 0) is the image's upper left one, y
// goes down.
// {"size": [height, width], "classes": [{"label", "name", "area", "counts"}]}: COCO's uncompressed run
// lengths, column by column, off first.
SEGFORGE_API FileBytes EncodeRunLengths(const Segmentation& result, const ModelInfo& model);
// COCO's images, annotations and categories, an annotation a region: a polygon, or run lengths where it has
// holes, which COCO's polygons cannot say. image: the file_name.
SEGFORGE_API FileBytes EncodeCoco(const Segmentation& result, const ModelInfo& model,
                                  const std::string& image);
// A FeatureCollection, a Polygon with its holes a region, in pixels.
SEGFORGE_API FileBytes EncodeGeoJson(const Segmentation& result, const ModelInfo& model);

// Pixels of each class; rejected pixels count for none.
SEGFORGE_API std::vector<int64_t> CountPixels(const Segmentation& result, int64_t classes);

// ---- Bytes ------------------------------------------------------------------------------------------------

// A whole file of at most 512 MiB; standard input for "-".
SEGFORGE_API FileBytes ReadBytes(const std::string& path);

// Writes beside the path and renames, so that the file is whole or as it was before. What is no regular file
// (a device, a pipe) is written to directly; "-" is standard output. Missing folders are made.
SEGFORGE_API void WriteBytes(const std::string& path, const FileBytes& bytes);

}  // namespace segforge
