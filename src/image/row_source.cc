#include "image/row_source.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "image/codecs.h"

namespace segforge {
namespace {

// Rows of an image in memory, its own or another's.
class ImageRows final : public RowSource {
 public:
  explicit ImageRows(const ImageView& view) : RowSource(view.height, view.width), view_(view) {}
  explicit ImageRows(Image image) : RowSource(image.height, image.width), image_(std::move(image)) {
    view_ = image_.view();
  }

  int64_t held_bytes() const override { return height() * width() * 3; }

  Status Read(int64_t rows, uint8_t* out) override {
    for (const int64_t end = next_ + rows; next_ < end; ++next_, out += width() * 3)
      std::memcpy(out, view_.data + next_ * view_.stride_bytes, static_cast<size_t>(width()) * 3);
    return Status();
  }

 private:
  Image image_;
  ImageView view_;
  int64_t next_ = 0;
};

// Null for what has to be decoded whole.
Result<std::unique_ptr<RowSource>> OpenByRows(ByteSource source, const DecodeLimits& limits) {
  std::array<std::byte, kSignatureBytes> first = {};
  const size_t count = source.ReadAt(0, first);
  SEGFORGE_ASSIGN_OR_RETURN(const ImageFormat format, FormatOf(std::span(first).first(count)));
  if (format.open_rows == nullptr) return std::unique_ptr<RowSource>();
  auto rows = format.open_rows(std::move(source), limits);
  if (!rows.ok()) return rows.status().Within(format.name);
  return rows;
}

Result<std::unique_ptr<RowSource>> OfWhole(Result<Image> image) {
  if (!image.ok()) return image.status();
  return std::unique_ptr<RowSource>(std::make_unique<ImageRows>(std::move(image).value()));
}

DecodeLimits WholeLimits(const DecodeLimits& limits) {
  return {.max_pixels = std::min(limits.max_pixels, DecodeLimits().max_pixels)};
}

}  // namespace

Result<std::unique_ptr<RowSource>> OpenRows(const std::filesystem::path& path, const DecodeLimits& limits) {
  auto source = ByteSource::Open(path);
  if (!source.ok()) return source.status().Within(path.string());
  auto rows = OpenByRows(std::move(source).value(), limits);
  if (!rows.ok()) return rows.status().Within(path.string());
  return *rows != nullptr ? std::move(rows) : OfWhole(ReadImage(path, WholeLimits(limits)));
}

Result<std::unique_ptr<RowSource>> OpenRows(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  auto rows = OpenByRows(ByteSource(bytes), limits);
  if (!rows.ok() || *rows != nullptr) return rows;
  return OfWhole(DecodeImage(bytes, WholeLimits(limits)));
}

std::unique_ptr<RowSource> RowsOf(const ImageView& image) { return std::make_unique<ImageRows>(image); }

}  // namespace segforge
