// FFmpeg's functions, loaded from its shared libraries when the first video comes: linked, they and the 135
// libraries that they need would make every start of the program 0.1 s longer. The headers that this was
// built with say which versions fit. What their names end in stays theirs: Api().av_read_frame(...).
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

#include "base/status.h"

#define SEGFORGE_AVUTIL_FUNCTIONS(F) \
  F(av_log_set_level)                \
  F(av_strerror)                     \
  F(av_frame_alloc)                  \
  F(av_frame_free)                   \
  F(av_frame_get_buffer)             \
  F(av_dict_set)                     \
  F(av_dict_free)                    \
  F(av_rescale_q)                    \
  F(av_opt_set)
#define SEGFORGE_AVCODEC_FUNCTIONS(F) \
  F(avcodec_find_decoder)             \
  F(avcodec_find_encoder_by_name)     \
  F(avcodec_get_name)                 \
  F(avcodec_alloc_context3)           \
  F(avcodec_free_context)             \
  F(avcodec_parameters_alloc)         \
  F(avcodec_parameters_free)          \
  F(avcodec_parameters_copy)          \
  F(avcodec_parameters_to_context)    \
  F(avcodec_parameters_from_context)  \
  F(avcodec_open2)                    \
  F(avcodec_send_packet)              \
  F(avcodec_receive_frame)            \
  F(avcodec_send_frame)               \
  F(avcodec_receive_packet)           \
  F(av_packet_alloc)                  \
  F(av_packet_free)                   \
  F(av_packet_unref)                  \
  F(av_packet_move_ref)               \
  F(av_packet_rescale_ts)
#define SEGFORGE_AVFORMAT_FUNCTIONS(F) \
  F(av_find_input_format)              \
  F(av_probe_input_format3)            \
  F(avformat_alloc_context)            \
  F(avformat_free_context)             \
  F(avformat_open_input)               \
  F(avformat_close_input)              \
  F(avformat_find_stream_info)         \
  F(av_find_best_stream)               \
  F(av_guess_frame_rate)               \
  F(av_guess_sample_aspect_ratio)      \
  F(av_read_frame)                     \
  F(avformat_alloc_output_context2)    \
  F(avformat_query_codec)              \
  F(avformat_new_stream)               \
  F(avformat_write_header)             \
  F(av_interleaved_write_frame)        \
  F(av_write_trailer)                  \
  F(avio_open)                         \
  F(avio_closep)
#define SEGFORGE_SWSCALE_FUNCTIONS(F) \
  F(sws_getContext)                   \
  F(sws_freeContext)                  \
  F(sws_getCoefficients)              \
  F(sws_setColorspaceDetails)         \
  F(sws_scale)

namespace segforge::ffmpeg {

struct Functions {
#define SEGFORGE_FUNCTION(name) decltype(&::name) name = nullptr;
  SEGFORGE_AVUTIL_FUNCTIONS(SEGFORGE_FUNCTION)
  SEGFORGE_AVCODEC_FUNCTIONS(SEGFORGE_FUNCTION)
  SEGFORGE_AVFORMAT_FUNCTIONS(SEGFORGE_FUNCTION)
  SEGFORGE_SWSCALE_FUNCTIONS(SEGFORGE_FUNCTION)
#undef SEGFORGE_FUNCTION
};

// Loads once, and silences FFmpeg's own log. kUnsupported, naming the library, where it is not installed.
Status Load();
Status LoadDevices();  // libavdevice too: cameras

const Functions& Api();  // Load() must have succeeded

// "what: FFmpeg's own words" for a negative return value.
Status ErrorOf(std::string_view what, int code);

// ---- Ownership --------------------------------------------------------------------------------------------

struct Free {
  void operator()(AVFrame* frame) const { Api().av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { Api().av_packet_free(&packet); }
  void operator()(AVCodecContext* codec) const { Api().avcodec_free_context(&codec); }
  void operator()(AVCodecParameters* parameters) const { Api().avcodec_parameters_free(&parameters); }
  void operator()(SwsContext* context) const { Api().sws_freeContext(context); }
};
using FramePtr = std::unique_ptr<AVFrame, Free>;
using PacketPtr = std::unique_ptr<AVPacket, Free>;
using CodecPtr = std::unique_ptr<AVCodecContext, Free>;
using ScalerPtr = std::unique_ptr<SwsContext, Free>;

struct CloseInput {
  void operator()(AVFormatContext* input) const { Api().avformat_close_input(&input); }
};
using InputPtr = std::unique_ptr<AVFormatContext, CloseInput>;

struct CloseOutput {
  void operator()(AVFormatContext* output) const {
    if (output->pb != nullptr) Api().avio_closep(&output->pb);
    Api().avformat_free_context(output);
  }
};
using OutputPtr = std::unique_ptr<AVFormatContext, CloseOutput>;

// Options as FFmpeg's functions take and change them.
class Dictionary {
 public:
  Dictionary() = default;
  ~Dictionary() { Api().av_dict_free(&entries_); }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  void Set(const char* name, const std::string& value) {
    Api().av_dict_set(&entries_, name, value.c_str(), 0);
  }
  AVDictionary** get() { return &entries_; }

 private:
  AVDictionary* entries_ = nullptr;
};

}  // namespace segforge::ffmpeg
