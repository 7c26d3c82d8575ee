#include "segment_options.h"

#include <array>
#include <stdexcept>

#include "device_options.h"
#include "mode_options.h"
#include "video_options.h"

namespace segforge::cli {
namespace {

constexpr std::array<FormatRow, 8> kFormats = {{
    {Format::kLabels, "labels", ".labels.png", ".png"},
    {Format::kOverlay, "overlay", ".overlay.png", ".png"},
    {Format::kColor, "color", ".color.png", ".png"},
    {Format::kNpy, "npy", ".labels.npy", ".npy"},
    {Format::kJson, "json", ".areas.json", ".json"},
    {Format::kRle, "rle", ".rle.json", ".json"},
    {Format::kCoco, "coco", ".coco.json", ".json"},
    {Format::kGeoJson, "geojson", ".geojson", ".geojson"},
}};

constexpr const char* kSegmentOptionsFooter = R"(Examples:
  segforge segment street.jpg                          writes street.labels.png
  segforge segment street.jpg --format overlay -o street_overlay.png
  segforge segment photos -r -m segformer.b1.pth --format labels,overlay -o results
  segforge segment drive.mp4 -o drive.overlay.mp4
  curl -s https://example.org/a.jpg | segforge segment - -o - > labels.png

Exit codes: 0 done; 2 bad input or usage, or any image of several failed; 1 a bug of segforge.)";

Format ParseFormat(const std::string& text) {
  for (const FormatRow& row : kFormats) {
    if (row.name == text) return row.format;
  }
  throw CLI::ValidationError(
      "--format", "expected labels, overlay, color, npy, json, rle, coco or geojson, got \"" + text + "\"");
}

void AddOutputOptions(CLI::App& command, SegmentOptions& options) {
  command.add_option(
      "-o,--out", options.out,
      "Output file; a folder when it exists as one, ends in / or there are several images; - for "
      "standard output. Default: NAME.labels.png (or .overlay.png, ...) in the current folder; for "
      "several images the folder segforge-out");
  command
      .add_option_function<std::vector<std::string>>(
          "-f,--format",
          [&options](const std::vector<std::string>& names) {
            options.formats.clear();
            for (const std::string& name : names) options.formats.push_back(ParseFormat(name));
          },
          "What is written: labels (indexed PNG with the palette; 16-bit grey above 255 classes; the "
          "default), "
          "overlay, color, npy (labels as an array), json (class areas), rle (run lengths of each class), "
          "coco or geojson (regions as polygons). Several, separated by commas, need "
          "a folder")
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the inputs that follow
      ->type_name("FORMAT");
  command.add_option("--alpha", options.alpha, "Weight of the colours in an overlay, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option(
          "--palette", options.palette,
          "cityscapes, ade20k, camvid, or a text file with one \"R G B [name]\" a line. Default: by the "
          "number of classes")
      ->type_name("NAME|FILE");
  command
      .add_option(
          "--save-logits", options.save_logits,
          "Also write the logits, float32 [classes, ceil(H/4), ceil(W/4)] of the network's input H x W; a "
          "folder for several images")
      ->type_name("FILE.npy");
  command
      .add_option(
          "--confidence", options.confidence,
          "Also write the softmax probability of each pixel's label, float32 [height, width]; a folder for "
          "several images")
      ->type_name("FILE.npy");
}

void AddProbabilityOptions(CLI::App& command, SegmentOptions& options) {
  command
      .add_option(
          "--top-k", options.top_k,
          "Also write each pixel's K most probable classes, uint16 [K, height, width] in NAME.top.npy, "
          "and their probabilities, float32, in NAME.top-probabilities.npy, beside the other results")
      ->check(CLI::Range(1, 65535))
      ->type_name("K");
  command
      .add_option("--reject-below", options.reject_below,
                  "Pixels whose label is less probable get the ignore label, 255 (65535 above 255 classes)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("P");
}

void AddConventionOptions(CLI::App& command, SegmentOptions& options) {
  const auto choose = [&options](Convention convention) {
    return [&options, convention] { options.convention = convention; };
  };
  CLI::Option* ids =
      command.add_flag_callback("--label-ids", choose(Convention::kCityscapesIds),
                                "Labels as Cityscapes' official ids, for submissions; rejected pixels are 0");
  CLI::Option* zero = command.add_flag_callback(
      "--reduce-zero-label", choose(Convention::kReduceZeroLabel),
      "Labels + 1, as data sets with 0 for \"other\" have it; rejected pixels are 0");
  CLI::Option* file = command
                          .add_option_function<std::string>(
                              "--map",
                              [&options](const std::string& path) {
                                options.convention = Convention::kFile;
                                options.label_map = path;
                              },
                              "Labels as a file says: a class and what it becomes a line, or JSON, "
                              "{\"0\": 7, ...} or [7, ...]")
                          ->type_name("FILE");
  ids->excludes(zero)->excludes(file);
  zero->excludes(file);
}

void AddInputOptions(CLI::App& command, SegmentOptions& options) {
  command
      .add_option(
          "INPUT", options.inputs,
          "JPEG, PNG or WebP files, folders of them (NAME.label.png beside an image NAME is left out), "
          "or - for standard input; or one video: a file, a camera (/dev/video0) or an address (rtsp://, "
          "http://, ...)")
      ->required();
  command.add_flag("-r,--recursive", options.recursive, "Look into the sub-folders of input folders");
  command
      .add_option("-m,--model", options.model,
                  "street-b0 (built in), a Hugging Face folder, a .safetensors, .pth or .segforge file")
      ->capture_default_str();
  command
      .add_option_function<std::string>(
          "--size", [&options](const std::string& text) { ParseSize(text, options.segmenter); },
          "Of the network's input: native (the image's own), from-config (what preprocessor_config.json "
          "says) or "
          "HEIGHTxWIDTH. The output has the image's size in any case. Default: native")
      ->type_name("SIZE");
  command
      .add_option_function<std::string>(
          "--resample",
          [&options](const std::string& name) {
            options.segmenter.resampling = name == "pillow" ? Resampling::kPillow : Resampling::kOpenCv;
          },
          "How images are resized when they must be: as Pillow or as OpenCV does it. Default: the model's")
      ->check(CLI::IsMember({"pillow", "opencv"}));
}

void AddThreadOptions(CLI::App& command, SegmentOptions& options) {
  command
      .add_option("-t,--threads", options.segmenter.threads,
                  "Of all images together; 0: as many as there are")
      ->capture_default_str();
  command
      .add_option("-j,--jobs", options.images_at_once,
                  "Images worked on at once, sharing the threads. Default: as many as threads, at most 8")
      ->check(CLI::Range(1, 1024));
}

}  // namespace

const FormatRow& RowOf(Format format) {
  for (const FormatRow& row : kFormats) {
    if (row.format == format) return row;
  }
  throw std::logic_error("a format without its row");
}

void ParseSize(const std::string& text, SegmenterOptions& options) {
  if (text == "native" || text == "from-config") {
    options.size = text == "native" ? NetworkSize::kNative : NetworkSize::kFromConfig;
    return;
  }
  ParseHeightWidth("--size", text, options.height, options.width);
  options.size = NetworkSize::kFixed;
}

void AddGraphOptions(CLI::App& command, SegmenterOptions& options) {
  AddFuse(command, options);
  command
      .add_option(
          "--disable-pass", options.disabled_passes,
          "Switch off a graph rewrite by name (`segforge inspect --graph` lists them), or all of them")
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the inputs that follow
      ->type_name("PASS");
  command
      .add_option_function<float>(
          "--layer-norm-eps", [&options](const float& eps) { options.layer_norm_eps = eps; },
          "Use this epsilon in every LayerNorm instead of those of the checkpoint's family")
      ->check(CLI::PositiveNumber);
}

void AddEngineOptions(CLI::App& command, SegmenterOptions& options) {
  AddGraphOptions(command, options);
  command.add_flag(
      "--allow-rebuild", options.allow_rebuild,
      "Run an engine file on another device than it was built for, without what was timed there");
  command.add_option("--backend", options.device)->group("");  // the former name of --device, for old scripts
}

CLI::App* AddSegmentCommand(CLI::App& program, SegmentOptions& options) {
  CLI::App* command = program.add_subcommand("segment", "Segment images: a label map for every image");
  AddInputOptions(*command, options);
  AddOutputOptions(*command, options);
  AddProbabilityOptions(*command, options);
  AddConventionOptions(*command, options);
  AddModeOptions(*command, options.segmenter);
  AddThreadOptions(*command, options);
  AddDeviceOptions(*command, options.segmenter);
  AddEngineOptions(*command, options.segmenter);
  AddVideoOptions(*command, options.video);
  command->add_flag("--json", options.json,
                    "Report as JSON on standard output: a document, or a line an image");
  command->add_flag("-q,--quiet", options.quiet, "Report nothing but errors");
  command->footer(kSegmentOptionsFooter);
  return command;
}

}  // namespace segforge::cli
