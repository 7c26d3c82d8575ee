#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it

#include <jpeglib.h>

#define JMAKE_ENUM_LIST  // the codes of libjpeg's messages
#include <jerror.h>

#include "base/byte_reader.h"
#include "base/memory.h"
#include "image/codecs.h"
#include "image/orientation.h"

namespace segforge {
namespace {

// A small progressive file can ask for any number of passes over a large image; real ones have some ten.
constexpr int kMaxScans = 500;

// libjpeg reports through callbacks that must not return: they jump back to the setjmp of ReadHeader or
// ReadRows, which therefore hold nothing that has a destructor.
struct JpegDecoder {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf jump = {};
  char message[JMSG_LENGTH_MAX] = {};
  bool unsupported = false;
  bool started = false;  // giving rows

  ~JpegDecoder() { jpeg_destroy_decompress(&info); }

  Status status() const {
    return Status(unsupported ? StatusCode::kUnsupported : StatusCode::kInvalidInput, message);
  }
};

[[noreturn]] void Fail(j_common_ptr info) {
  auto* decoder = static_cast<JpegDecoder*>(info->client_data);
  info->err->format_message(info, decoder->message);
  const int code = info->err->msg_code;
  decoder->unsupported =
      code == JERR_BAD_PRECISION || code == JERR_SOF_UNSUPPORTED || code == JERR_CONVERSION_NOTIMPL;
  std::longjmp(decoder->jump, 1);
}

// A warning (level -1) means pixels that were made up, but for these few.
void OnMessage(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  const bool harmless = code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR ||
                        code == JWRN_BOGUS_ICC;
  if (level < 0 && !harmless) Fail(info);
}

void OnProgress(j_common_ptr info) {
  auto* decoder = static_cast<JpegDecoder*>(info->client_data);
  if (decoder->info.input_scan_number <= kMaxScans) return;
  std::snprintf(decoder->message, sizeof(decoder->message), "more than %d scans", kMaxScans);
  std::longjmp(decoder->jump, 1);
}

bool ReadHeader(JpegDecoder& decoder, const ByteSource& source) {
  jpeg_decompress_struct& info = decoder.info;
  info.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = Fail;
  decoder.errors.emit_message = OnMessage;
  decoder.progress.progress_monitor = OnProgress;
  info.client_data = &decoder;
  if (setjmp(decoder.jump) != 0) return false;
  jpeg_create_decompress(&info);
  info.progress = &decoder.progress;
  if (source.file() != nullptr) {
    jpeg_stdio_src(&info, source.file());
  } else {
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(source.bytes().data()), source.bytes().size());
  }
  jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&info, TRUE);
  return true;
}

// a * b / 255, rounded
int MultiplyBytes(int a, int b) {
  const int product = a * b + 128;
  return (product + (product >> 8)) >> 8;
}

// Adobe's CMYK holds 255 - ink, so that each channel is the light that an ink lets through.
void RgbFromInvertedCmyk(const uint8_t* cmyk, size_t width, uint8_t* rgb) {
  for (size_t x = 0; x < width; ++x) {
    const int key = cmyk[x * 4 + 3];
    for (size_t c = 0; c < 3; ++c)
      rgb[x * 3 + c] = static_cast<uint8_t>(key - MultiplyBytes(255 - cmyk[x * 4 + c], key));
  }
}

// The next rows, [rows, width, 3]; cmyk_row [width, 4], or null where the output is RGB.
bool ReadRows(JpegDecoder& decoder, int64_t rows, uint8_t* out, uint8_t* cmyk_row) {
  jpeg_decompress_struct& info = decoder.info;
  if (setjmp(decoder.jump) != 0) return false;
  if (!decoder.started) {
    info.out_color_space = cmyk_row != nullptr ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info);
    decoder.started = true;
  }
  const JDIMENSION first = info.output_scanline;
  while (info.output_scanline < first + rows) {
    uint8_t* row = out + size_t{info.output_scanline - first} * info.output_width * 3;
    JSAMPROW target = cmyk_row != nullptr ? cmyk_row : row;
    jpeg_read_scanlines(&info, &target, 1);
    if (cmyk_row != nullptr) RgbFromInvertedCmyk(cmyk_row, info.output_width, row);
  }
  if (info.output_scanline == info.output_height) jpeg_finish_decompress(&info);
  return true;
}

int OrientationOf(const jpeg_decompress_struct& info) {
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const auto data = std::as_bytes(std::span(marker->data, marker->data_length));
    if (marker->marker == JPEG_APP0 + 1 && AsText(data).starts_with("Exif")) return ReadOrientation(data);
  }
  return 1;
}

// Files with several scans are kept as coefficients, 16 bits each, until the last scan.
int64_t CoefficientBytes(jpeg_decompress_struct& info) {
  if (!jpeg_has_multiple_scans(&info)) return 0;
  int64_t bytes = 0;
  for (int c = 0; c < info.num_components; ++c) {
    const jpeg_component_info& component = info.comp_info[c];
    bytes += int64_t{component.width_in_blocks} * component.height_in_blocks * DCTSIZE2 * 2;
  }
  return bytes;
}

// The inverse DCT and the chroma upsampling are libjpeg's defaults (the accurate integer one, "fancy"), as in
// Pillow.
class JpegRows final : public RowSource {
 public:
  static Result<std::unique_ptr<JpegRows>> Open(ByteSource source) {
    auto decoder = std::make_unique<JpegDecoder>();
    if (!ReadHeader(*decoder, source)) return decoder->status();
    const int bits = decoder->info.data_precision;
    if (bits != 8) return Unsupported("expected 8 bits a sample, got {}", bits);
    return std::unique_ptr<JpegRows>(new JpegRows(std::move(source), std::move(decoder)));
  }

  int orientation() const { return orientation_; }
  int64_t held_bytes() const override { return coefficient_bytes_; }

  Status Read(int64_t rows, uint8_t* out) override {
    uint8_t* cmyk_row = cmyk_row_.empty() ? nullptr : cmyk_row_.data();
    return ReadRows(*decoder_, rows, out, cmyk_row) ? Status() : decoder_->status();
  }

 private:
  JpegRows(ByteSource source, std::unique_ptr<JpegDecoder> decoder)
      : RowSource(decoder->info.image_height, decoder->info.image_width),
        source_(std::move(source)),
        decoder_(std::move(decoder)),
        orientation_(OrientationOf(decoder_->info)),  // now: the markers go when pixels are read
        coefficient_bytes_(CoefficientBytes(decoder_->info)),
        cmyk_row_(decoder_->info.num_components == 4 ? static_cast<size_t>(width()) * 4 : 0) {}

  ByteSource source_;  // which decoder_ reads
  std::unique_ptr<JpegDecoder> decoder_;
  int orientation_;
  int64_t coefficient_bytes_;
  std::vector<uint8_t> cmyk_row_;
};

}  // namespace

Result<Image> DecodeJpeg(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto rows, JpegRows::Open(ByteSource(bytes)));
  SEGFORGE_ASSIGN_OR_RETURN(Image image,
                            AllocateImage(rows->height(), rows->width(), limits, rows->held_bytes()));
  SEGFORGE_RETURN_IF_ERROR(rows->Read(rows->height(), image.pixels.data()));
  return Upright(std::move(image), rows->orientation());
}

Result<std::unique_ptr<RowSource>> OpenJpegRows(ByteSource source, const DecodeLimits& limits) {
  SEGFORGE_ASSIGN_OR_RETURN(auto rows, JpegRows::Open(std::move(source)));
  SEGFORGE_RETURN_IF_ERROR(CheckPixels(rows->height(), rows->width(), limits));
  if (rows->orientation() != 1) return std::unique_ptr<RowSource>();
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(rows->held_bytes(), "the coefficients of a JPEG in several scans"));
  return std::unique_ptr<RowSource>(std::move(rows));
}

}  // namespace segforge
