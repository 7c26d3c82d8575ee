// Images larger than memory: rows in, rows out. With SegmenterOptions::mode kTile alone.
//
//   segforge::ImageRows image("scan.png");
//   const auto labels = segforge::LabelsPngRows("scan.labels.png", image.height(), image.width(), colors);
//   segmenter.RunRows(image, {}, 0, [&](const segforge::Segmentation& rows, const segforge::RgbView& pixels)
//   {
//     labels->Add(rows, pixels);
//   });
//   labels->Commit();
//
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/files.h"

namespace segforge {

// An image that is read from top to bottom, once. PNG without interlacing and JPEG are decoded as they are
// read, of a JPEG in several scans the coefficients are kept; WebP, interlaced PNG and images that their EXIF
// turns are decoded whole. At most 65536 pixels a side, and 2^29 where it is decoded whole. Movable.
class SEGFORGE_API ImageRows {
 public:
  explicit ImageRows(const std::string& path);  // "-": standard input, whose bytes are kept
  ImageRows(ImageRows&&) noexcept;
  ImageRows& operator=(ImageRows&&) noexcept;
  ~ImageRows();

  int64_t height() const;
  int64_t width() const;

 private:
  friend class Segmenter;
  struct State;
  std::unique_ptr<State> state_;
};

// A result that is written as its rows come: to a file without a name on the disk where it shall lie, so that
// nothing is left of it if it is not finished. For one thread.
class SEGFORGE_API RowWriter {
 public:
  virtual ~RowWriter();
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  // The next rows of a result of the whole image's width, and the image's pixels there.
  virtual void Add(const Segmentation& rows, const RgbView& pixels) = 0;
  // After the last row: puts the file in its place, as WriteBytes() does.
  virtual void Commit() = 0;

 protected:
  RowWriter() = default;
};

// Of an image of height x width, the files that the functions of the same names in files.h encode, but that
// an indexed PNG has 256 colours, as the labels that will come are not known.
using RowWriterPointer = std::unique_ptr<RowWriter>;
SEGFORGE_API RowWriterPointer LabelsPngRows(const std::string& path, int64_t height, int64_t width,
                                            const LabelColors& colors);
SEGFORGE_API RowWriterPointer ColorPngRows(const std::string& path, int64_t height, int64_t width,
                                           const LabelColors& colors);
SEGFORGE_API RowWriterPointer OverlayPngRows(const std::string& path, int64_t height, int64_t width,
                                             const LabelColors& colors, double alpha);
SEGFORGE_API RowWriterPointer LabelsNpyRows(const std::string& path, int64_t height, int64_t width);
SEGFORGE_API RowWriterPointer ConfidenceNpyRows(const std::string& path, int64_t height, int64_t width);
SEGFORGE_API RowWriterPointer TopLabelsNpyRows(const std::string& path, int64_t height, int64_t width);
SEGFORGE_API RowWriterPointer TopProbabilitiesNpyRows(const std::string& path, int64_t height, int64_t width);

}  // namespace segforge
