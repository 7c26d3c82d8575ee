#include <algorithm>
#include <optional>

#include "api/bytes.h"
#include "api/colors.h"
#include "api/error.h"
#include "api/network_input.h"
#include "base/spool_file.h"
#include "formats/npy.h"
#include "image/overlay.h"
#include "image/png_writer.h"
#include "segforge/rows.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

// The nearest folder above the path that is there; devices and standard output have a temporary one.
fs::path SpoolFolder(const std::string& path) {
  std::error_code error;
  const bool is_file = path != "-" && (!fs::exists(path, error) || fs::is_regular_file(path, error));
  if (!is_file) return fs::temp_directory_path();
  fs::path folder = fs::absolute(path).parent_path();
  while (!fs::is_directory(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

SpoolFile MakeSpool(const std::string& path) {
  auto spool = SpoolFile::Create(SpoolFolder(path));
  if (!spool.ok()) Throw(spool.status().Within(path));
  return std::move(spool).value();
}

class SpooledWriter : public RowWriter {
 public:
  void Commit() final {
    if (next_ != height_) Throw(InvalidInput("{}: expected {} rows, got {}", path_, height_, next_));
    WritePieces(path_, [this](const ByteSink& sink) { return spool_.CopyTo(sink); });
  }

  void Add(const Segmentation& rows, const RgbView& pixels) final {
    if (rows.width != width_ || rows.height < 1 || rows.height > height_ - next_) {
      Throw(InvalidInput("{}: expected 1 to {} rows of {} pixels, got {} of {}", path_, height_ - next_,
                         width_, rows.height, rows.width));
    }
    ThrowIfError(AddRows(rows, pixels).Within(path_));
    next_ += rows.height;
  }

 protected:
  SpooledWriter(std::string path, int64_t height, int64_t width)
      : path_(std::move(path)), height_(height), width_(width), spool_(MakeSpool(path_)) {}

  virtual Status AddRows(const Segmentation& rows, const RgbView& pixels) = 0;

  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  int64_t next() const { return next_; }  // row
  SpoolFile& spool() { return spool_; }
  ByteSink sink() {
    return [this](std::span<const std::byte> bytes) { return spool_.Append(bytes); };
  }

 private:
  std::string path_;
  int64_t height_, width_;
  SpoolFile spool_;
  int64_t next_ = 0;
};

ConstTensorView LabelsOfRows(const Segmentation& rows) {
  const Shape shape = {rows.height, rows.width};
  if (rows.labels16.empty()) return {rows.labels8.data(), DType::kU8, shape};
  return {rows.labels16.data(), DType::kU16, shape};
}

class LabelsPng final : public SpooledWriter {
 public:
  LabelsPng(const std::string& path, int64_t height, int64_t width, const LabelColors& colors)
      : SpooledWriter(path, height, width), colors_(ColorsFor(PaletteOf(colors), 256)) {}

 private:
  Status AddRows(const Segmentation& rows, const RgbView& /*pixels*/) override {
    const ConstTensorView labels = LabelsOfRows(rows);
    if (!png_) {
      SEGFORGE_ASSIGN_OR_RETURN(png_, labels.dtype == DType::kU8
                                          ? PngWriter::Indexed(height(), width(), colors_, sink())
                                          : PngWriter::Grey16(height(), width(), sink()));
    }
    return png_->Write(labels.data, rows.height, rows.width * static_cast<int64_t>(SizeOf(labels.dtype)));
  }

  std::vector<Rgb> colors_;
  std::optional<PngWriter> png_;  // once the labels' type is known
};

// Colours, over the image where there is an alpha.
class PicturePng final : public SpooledWriter {
 public:
  PicturePng(const std::string& path, int64_t height, int64_t width, const LabelColors& colors,
             std::optional<float> alpha)
      : SpooledWriter(path, height, width),
        palette_(PaletteOf(colors)),
        alpha_(alpha),
        png_(Unwrap(PngWriter::TrueColor(height, width, sink()))) {}

 private:
  // Some rows at a time: the pictures of all of them would take more than their pixels.
  Status AddRows(const Segmentation& rows, const RgbView& pixels) override {
    constexpr int64_t kRows = 64;
    ImageView view;
    if (alpha_) {
      SEGFORGE_ASSIGN_OR_RETURN(view, CheckedView(pixels));
      if (view.height != rows.height || view.width != rows.width) {
        return InvalidInput("overlay: expected pixels of the rows' size {}x{}, got {}x{}", rows.height,
                            rows.width, view.height, view.width);
      }
    }
    const ConstTensorView labels = LabelsOfRows(rows);
    const auto* first_label = static_cast<const std::byte*>(labels.data);
    const int64_t label_row_bytes = rows.width * static_cast<int64_t>(SizeOf(labels.dtype));
    for (int64_t y = 0; y < rows.height; y += kRows) {
      const int64_t count = std::min(kRows, rows.height - y);
      const ConstTensorView some = {first_label + y * label_row_bytes, labels.dtype, {count, rows.width}};
      const ImageView part = {view.data + y * view.stride_bytes, count, view.width, view.stride_bytes};
      const Image picture = alpha_ ? Overlay(part, some, palette_, *alpha_) : Colorize(some, palette_);
      SEGFORGE_RETURN_IF_ERROR(png_.Write(picture.pixels.data(), picture.height, picture.width * 3));
    }
    return Status();
  }

  Palette palette_;
  std::optional<float> alpha_;
  PngWriter png_;
};

// An array [height, width], or [planes, height, width] whose planes are filled side by side.
class NpyRows final : public SpooledWriter {
 public:
  using View = ConstTensorView (*)(const Segmentation& rows);  // of the rows' map

  NpyRows(const std::string& path, int64_t height, int64_t width, View view)
      : SpooledWriter(path, height, width), view_(view) {}

 private:
  Status AddRows(const Segmentation& rows, const RgbView& /*pixels*/) override {
    const ConstTensorView view = view_(rows);
    if (view.bytes() == 0) return InvalidInput("expected a result with the map that is to be written");
    const bool has_planes = view.shape.rank() == 3;
    const int64_t planes = has_planes ? view.shape[0] : 1;
    if (start_bytes_ == 0) {
      const auto start =
          NpyStart(view.dtype, has_planes ? Shape{planes, height(), width()} : Shape{height(), width()});
      start_bytes_ = static_cast<int64_t>(start.size());
      SEGFORGE_RETURN_IF_ERROR(spool().Append(start));
    }
    const auto row_bytes = width() * static_cast<int64_t>(SizeOf(view.dtype));
    const auto bytes = static_cast<size_t>(rows.height * row_bytes);
    const auto* data = static_cast<const std::byte*>(view.data);
    for (int64_t p = 0; p < planes; ++p, data += bytes) {
      const int64_t place = start_bytes_ + (p * height() + next()) * row_bytes;
      SEGFORGE_RETURN_IF_ERROR(spool().WriteAt(place, {data, bytes}));
    }
    return Status();
  }

  View view_;
  int64_t start_bytes_ = 0;
};

template <typename T>
ConstTensorView Planes(const std::vector<T>& values, const Segmentation& rows) {
  const int64_t pixels = rows.height * rows.width;
  return {
      values.data(), kDTypeOf<T>, {static_cast<int64_t>(values.size()) / pixels, rows.height, rows.width}};
}

ConstTensorView ConfidenceOf(const Segmentation& rows) {
  return {rows.confidence.data(), DType::kF32, {rows.confidence.empty() ? 0 : rows.height, rows.width}};
}

ConstTensorView TopLabelsOf(const Segmentation& rows) { return Planes(rows.top_labels, rows); }
ConstTensorView TopProbabilitiesOf(const Segmentation& rows) { return Planes(rows.top_probabilities, rows); }

}  // namespace

RowWriter::~RowWriter() = default;

RowWriterPointer LabelsPngRows(const std::string& path, int64_t height, int64_t width,
                               const LabelColors& colors) {
  return std::make_unique<LabelsPng>(path, height, width, colors);
}

RowWriterPointer ColorPngRows(const std::string& path, int64_t height, int64_t width,
                              const LabelColors& colors) {
  return std::make_unique<PicturePng>(path, height, width, colors, std::nullopt);
}

RowWriterPointer OverlayPngRows(const std::string& path, int64_t height, int64_t width,
                                const LabelColors& colors, double alpha) {
  if (!(alpha >= 0 && alpha <= 1)) Throw(InvalidInput("overlay: alpha: expected 0 to 1, got {}", alpha));
  return std::make_unique<PicturePng>(path, height, width, colors, static_cast<float>(alpha));
}

RowWriterPointer LabelsNpyRows(const std::string& path, int64_t height, int64_t width) {
  return std::make_unique<NpyRows>(path, height, width, LabelsOfRows);
}

RowWriterPointer ConfidenceNpyRows(const std::string& path, int64_t height, int64_t width) {
  return std::make_unique<NpyRows>(path, height, width, ConfidenceOf);
}

RowWriterPointer TopLabelsNpyRows(const std::string& path, int64_t height, int64_t width) {
  return std::make_unique<NpyRows>(path, height, width, TopLabelsOf);
}

RowWriterPointer TopProbabilitiesNpyRows(const std::string& path, int64_t height, int64_t width) {
  return std::make_unique<NpyRows>(path, height, width, TopProbabilitiesOf);
}

}  // namespace segforge
