#include "video_options.h"

namespace segforge::cli {

void AddVideoOptions(CLI::App& command, VideoOptions& options) {
  constexpr const char* kGroup = "Videos";
  command
      .add_option("--every", options.every,
                  "Segment every Nth frame and show its labels on those between too; all frames are written")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->type_name("N")
      ->group(kGroup);
  command
      .add_option("--smooth", options.smooth,
                  "Average the logits over frames: F times the average so far, plus 1 - F times the frame's")
      ->check(CLI::Range(0.0, 0.999))
      ->type_name("F")
      ->group(kGroup);
  command
      .add_option(
          "--crf", options.crf,
          "Quality of the encoded video, 0 to 63; smaller is better and larger. Default: 20, of .webm 31")
      ->check(CLI::Range(0, 63))
      ->type_name("N")
      ->group(kGroup);
  command.add_flag("!--no-audio", options.audio, "Leave the audio out")->group(kGroup);
  command.add_option("--limit-frames", options.most_frames, "End after so many frames")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group(kGroup);
  command.add_option("--seconds", options.most_seconds, "End at this time of the video")
      ->check(CLI::PositiveNumber)
      ->type_name("S")
      ->group(kGroup);
}

void CheckNoVideoOptions(const VideoOptions& options) {
  const VideoOptions none;
  const char* given = options.every != none.every                 ? "--every"
                      : options.smooth != none.smooth             ? "--smooth"
                      : options.crf != none.crf                   ? "--crf"
                      : options.audio != none.audio               ? "--no-audio"
                      : options.most_frames != none.most_frames   ? "--limit-frames"
                      : options.most_seconds != none.most_seconds ? "--seconds"
                                                                  : nullptr;
  if (given == nullptr) return;
  throw Error(ErrorCode::kInvalidInput, std::string(given) + ": expected a video as the input, got no video");
}

}  // namespace segforge::cli
