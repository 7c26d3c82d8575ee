#include "image/decode_labels.h"

#include <array>
#include <cstring>

#include "base/file.h"
#include "base/memory.h"
#include "image/spng_reader.h"

namespace segforge {
namespace {

constexpr std::array<unsigned char, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

std::string_view KindOf(uint8_t color_type) {
  switch (color_type) {
    case SPNG_COLOR_TYPE_TRUECOLOR:
      return "RGB";
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA:
      return "grey with alpha";
    default:
      return "RGB with alpha";
  }
}

Status CheckHeader(const spng_ihdr& header, const DecodeLimits& limits) {
  const int64_t height = header.height;
  const int64_t width = header.width;
  if (header.color_type != SPNG_COLOR_TYPE_GRAYSCALE && header.color_type != SPNG_COLOR_TYPE_INDEXED) {
    return InvalidInput("labels: expected a grey or indexed PNG whose samples are the labels, got {}",
                        KindOf(header.color_type));
  }
  if (height > limits.max_pixels / width) {
    return Unsupported("{}x{} pixels are more than the limit of {} megapixels", width, height,
                       limits.max_pixels / 1'000'000);
  }
  constexpr int64_t kBytesAPixel = 2 + 2;  // the labels, and the decoder's samples
  return CheckMemory(height * width * kBytesAPixel, fmt::format("decoding {}x{} labels", width, height));
}

// Samples of 1 to 8 bits, the leftmost in the highest bits, each row begun on a byte.
void UnpackRow(const uint8_t* row, int64_t width, int bits, uint16_t* labels) {
  const int a_byte = 8 / bits;
  const int mask = (1 << bits) - 1;
  for (int64_t x = 0; x < width; ++x) {
    const int shift = 8 - bits * (static_cast<int>(x % a_byte) + 1);
    labels[x] = static_cast<uint16_t>(row[x / a_byte] >> shift & mask);
  }
}

// samples: as the file has them, 16-bit ones in the machine's byte order
void Unpack(const std::vector<uint8_t>& samples, int bits, LabelImage& image) {
  const size_t row_bytes = samples.size() / static_cast<size_t>(image.height);
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* row = samples.data() + static_cast<size_t>(y) * row_bytes;
    uint16_t* labels = image.labels.data() + y * image.width;
    if (bits == 16) {
      std::memcpy(labels, row, row_bytes);
    } else {
      UnpackRow(row, image.width, bits, labels);
    }
  }
}

}  // namespace

Result<LabelImage> DecodeLabels(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  if (bytes.size() < kSignature.size() ||
      std::memcmp(bytes.data(), kSignature.data(), kSignature.size()) != 0) {
    return InvalidInput("labels: expected a PNG file, got something else");
  }
  SEGFORGE_ASSIGN_OR_RETURN(const SpngContext context, NewSpngReader(ByteSource(bytes)));
  spng_ctx* png = context.get();
  spng_ihdr header = {};
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_get_ihdr(png, &header)));
  SEGFORGE_RETURN_IF_ERROR(CheckHeader(header, limits));
  LabelImage image = {header.height, header.width, {}};
  image.labels.resize(static_cast<size_t>(image.height * image.width));
  size_t sample_bytes = 0;
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_decoded_image_size(png, SPNG_FMT_PNG, &sample_bytes)));
  std::vector<uint8_t> samples(sample_bytes);
  SEGFORGE_RETURN_IF_ERROR(
      FromSpngRead(spng_decode_image(png, samples.data(), samples.size(), SPNG_FMT_PNG, 0)));
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_decode_chunks(png)));  // up to the end marker
  Unpack(samples, header.bit_depth, image);
  return image;
}

Result<LabelImage> ReadLabels(const std::filesystem::path& path, const DecodeLimits& limits) {
  const auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  auto labels = DecodeLabels(file->bytes(), limits);
  if (!labels.ok()) return labels.status().Within(path.string());
  return labels;
}

}  // namespace segforge
