#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it

#include <jpeglib.h>

#define JMAKE_ENUM_LIST  // the codes of libjpeg's messages
#include <jerror.h>

#include "base/byte_reader.h"
#include "image/codecs.h"
#include "image/orientation.h"

namespace segforge {
namespace {

// A small progressive file can ask for any number of passes over a large image; real ones have some ten.
constexpr int kMaxScans = 500;

// libjpeg reports through callbacks that must not return: they jump back to the setjmp of ReadHeader or
// ReadPixels, which therefore hold nothing that has a destructor.
struct JpegDecoder {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf jump = {};
  char message[JMSG_LENGTH_MAX] = {};
  bool unsupported = false;

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

bool ReadHeader(JpegDecoder& decoder, std::span<const std::byte> bytes) {
  jpeg_decompress_struct& info = decoder.info;
  info.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = Fail;
  decoder.errors.emit_message = OnMessage;
  decoder.progress.progress_monitor = OnProgress;
  info.client_data = &decoder;
  if (setjmp(decoder.jump) != 0) return false;
  jpeg_create_decompress(&info);
  info.progress = &decoder.progress;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
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

// pixels [height, width, 3]; cmyk_row [width, 4], or null where the output is RGB.
bool ReadPixels(JpegDecoder& decoder, uint8_t* pixels, uint8_t* cmyk_row) {
  jpeg_decompress_struct& info = decoder.info;
  if (setjmp(decoder.jump) != 0) return false;
  info.out_color_space = cmyk_row != nullptr ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    uint8_t* row = pixels + size_t{info.output_scanline} * info.output_width * 3;
    JSAMPROW target = cmyk_row != nullptr ? cmyk_row : row;
    jpeg_read_scanlines(&info, &target, 1);
    if (cmyk_row != nullptr) RgbFromInvertedCmyk(cmyk_row, info.output_width, row);
  }
  jpeg_finish_decompress(&info);
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

}  // namespace

// The inverse DCT and the chroma upsampling are libjpeg's defaults (the accurate integer one, "fancy"), as in
// Pillow.
Result<Image> DecodeJpeg(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  JpegDecoder decoder;
  if (!ReadHeader(decoder, bytes)) return decoder.status();
  jpeg_decompress_struct& info = decoder.info;
  if (info.data_precision != 8) return Unsupported("expected 8 bits a sample, got {}", info.data_precision);
  SEGFORGE_ASSIGN_OR_RETURN(
      Image image, AllocateImage(info.image_height, info.image_width, limits, CoefficientBytes(info)));
  const int orientation = OrientationOf(info);  // before the pixels: the markers go when they are read
  std::vector<uint8_t> cmyk_row(info.num_components == 4 ? size_t{info.image_width} * 4 : 0);
  if (!ReadPixels(decoder, image.pixels.data(), cmyk_row.empty() ? nullptr : cmyk_row.data()))
    return decoder.status();
  return Upright(std::move(image), orientation);
}

}  // namespace segforge
