#include "mode_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace segforge::cli {
namespace {

// An option of the value HEIGHTxWIDTH.
CLI::Option* AddHeightWidth(CLI::App& command, const std::string& name, int64_t& height, int64_t& width,
                            const std::string& help) {
  const auto parse = [&height, &width, name](const std::string& text) {
    ParseHeightWidth(name, text, height, width);
  };
  return command.add_option_function<std::string>(name, parse, help)->type_name("HEIGHTxWIDTH");
}

void AddSizeOptions(CLI::App& command, SegmenterOptions& options) {
  command.add_flag(
      "--keep-ratio", options.keep_ratio,
      "Fit the image into --size without distortion: its longer side into the longer of the two, "
      "its shorter side into the shorter");
  command
      .add_option("--divisor", options.divisor,
                  "Round the sides of the network's input up to multiples of this, by resizing; 32 is usual")
      ->capture_default_str();
}

void AddAugmentationOptions(CLI::App& command, SegmenterOptions& options) {
  command
      .add_option(
          "--scales", options.scales,
          "Run the network at each of these multiples of its size, such as 0.5,1,1.5, and average the "
          "probabilities")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_flag("--flip", options.flip, "Average with the probabilities of the mirrored image");
}

void AddTileOptions(CLI::App& command, SegmenterOptions& options) {
  command.add_option("--tile", options.tile, "Side of tile's tiles, a multiple of 32")->capture_default_str();
  command
      .add_option("--overlap", options.overlap, "How far tiles overlap, a multiple of 4, at most half a tile")
      ->capture_default_str();
  command
      .add_option("--max-memory", options.max_memory_bytes,
                  "Of tile: bytes, or 2GiB, for image, results and working memory together; tiles shrink to "
                  "256 for it")
      ->transform(CLI::AsSizeValue(false));
}

// What would be ignored is refused: whoever bounds the memory of another mode believes that it is kept.
void CheckTogether(const CLI::App& command, const SegmenterOptions& options) {
  struct Row {
    const char* option;
    InferenceMode mode;
    const char* mode_name;
  };
  for (const auto& [option, mode, mode_name] :
       {Row{"--crop", InferenceMode::kSlide, "slide"}, Row{"--stride", InferenceMode::kSlide, "slide"},
        Row{"--tile", InferenceMode::kTile, "tile"}, Row{"--overlap", InferenceMode::kTile, "tile"},
        Row{"--max-memory", InferenceMode::kTile, "tile"}}) {
    if (command.get_option(option)->empty() || options.mode == mode) continue;
    throw CLI::ValidationError(option, fmt::format("expected --mode {} with it", mode_name));
  }
  if (options.keep_ratio && options.size == NetworkSize::kNative) {
    throw CLI::ValidationError("--keep-ratio", "expected a --size that the image is fitted into");
  }
}

}  // namespace

void ParseHeightWidth(const std::string& option, const std::string& text, int64_t& height, int64_t& width) {
  const char* end = text.data() + text.size();
  const auto [cross, error] = std::from_chars(text.data(), end, height);
  const bool has_cross = error == std::errc() && cross != end && *cross == 'x';
  const auto [rest, width_error] = std::from_chars(has_cross ? cross + 1 : end, end, width);
  if (!has_cross || width_error != std::errc() || rest != end) {
    throw CLI::ValidationError(option, "expected HEIGHTxWIDTH such as 512x1024, got \"" + text + "\"");
  }
}

void AddModeOptions(CLI::App& command, SegmenterOptions& options) {
  AddSizeOptions(command, options);
  AddAugmentationOptions(command, options);
  command
      .add_option_function<std::string>(
          "--mode",
          [&options](const std::string& name) {
            options.mode = name == "slide"  ? InferenceMode::kSlide
                           : name == "tile" ? InferenceMode::kTile
                                            : InferenceMode::kWhole;
          },
          "whole: the network sees the image at once. slide: windows, whose logits are averaged where "
          "they overlap, as mmseg does it. tile: tiles that fade into each other, a row at a time, for "
          "images "
          "of any size. Default: whole")
      ->check(CLI::IsMember({"whole", "slide", "tile"}));
  AddHeightWidth(command, "--crop", options.crop_height, options.crop_width,
                 "Size of slide's windows. Default: 1024x1024");
  AddHeightWidth(command, "--stride", options.stride_height, options.stride_width,
                 "How far slide's windows are apart. Default: three quarters of the crop");
  AddTileOptions(command, options);
  command.callback([&options, &command] {
    CheckTogether(command, options);
    if (command.get_option("--crop")->empty() || !command.get_option("--stride")->empty()) return;
    options.stride_height = std::max<int64_t>(1, options.crop_height * 3 / 4);
    options.stride_width = std::max<int64_t>(1, options.crop_width * 3 / 4);
  });
}

}  // namespace segforge::cli
