#include "device_options.h"
#include "eval.h"
#include "segment_options.h"

namespace segforge::cli {
namespace {

constexpr const char* kEvalOptionsFooter = R"(Examples:
  segforge eval street-b0 --data camvid/test --ignore 11
  segforge eval segformer.b1.1024x1024.city.160k.pth --data cityscapes --resume b1.state --json
  segforge eval segformer-b0-finetuned-ade-512-512 --data ADEChallengeData2016 --size from-config

Layouts, told by what is there: cityscapes (leftImg8bit/SPLIT, gtFine/SPLIT; trainIds, or ids, which are
mapped), ade20k (images/SPLIT, annotations/SPLIT; 0 is ignored), pairs (NAME.png beside NAME.label.png), list
(a text file: IMAGE, a tab, LABELS a line). Label files are grey or indexed PNG, whose samples are the labels.

Exit codes: 0 done; 2 bad input or usage; 1 a bug of segforge.)";

void AddDataOptions(CLI::App& command, EvalOptions& options) {
  command.add_option("--data", options.data, "Folder of the data set, or a list of images and label files")
      ->required()
      ->type_name("FOLDER|FILE");
  command.add_option("--layout", options.dataset.layout, "pairs, cityscapes, ade20k or list")
      ->check(CLI::IsMember({"pairs", "cityscapes", "ade20k", "list"}));
  command.add_option("--split", options.dataset.split,
                     "Sub-folder of cityscapes (default: val) or ade20k (default: validation)");
  command.add_option("--ignore", options.dataset.ignore, "True label of pixels that do not count")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command.add_flag("--reduce-zero-label", options.dataset.reduce_zero_label,
                   "Label files hold class + 1, and 0 for pixels that do not count. On by itself for ade20k, "
                   "and where the model's preprocessor_config.json says so");
  command.add_option("--limit", options.limit, "Stop after this many images; 0: after all")
      ->capture_default_str();
}

}  // namespace

CLI::App* AddEvalCommand(CLI::App& program, EvalOptions& options) {
  CLI::App* command =
      program.add_subcommand("eval", "Measure a model on labelled images: mIoU, accuracy, confusion matrix");
  command
      ->add_option("MODEL", options.model,
                   "street-b0 (built in), a Hugging Face folder, a .safetensors, .pth or .segforge file")
      ->capture_default_str();
  AddDataOptions(*command, options);
  command
      ->add_option_function<std::string>(
          "--size", [&options](const std::string& text) { ParseSize(text, options.segmenter); },
          "Of the network's input: native, from-config or HEIGHTxWIDTH. Labels are compared at the image's "
          "size in any case. Default: native")
      ->type_name("SIZE");
  command
      ->add_option("--boundary-tolerance", options.boundary_tolerance,
                   "Pixels by which a boundary may be off and still count as found")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command
      ->add_option("--confusion-csv", options.confusion_csv,
                   "Write the confusion matrix: a row a true class, a column a predicted one, in pixels")
      ->type_name("FILE");
  command
      ->add_option("--confusion-png", options.confusion_png,
                   "Write it as a picture: true classes from top to bottom, predicted from left to right, "
                   "darker for a larger share of the true class. The picture has no text")
      ->type_name("FILE");
  command
      ->add_option("--resume", options.resume,
                   "Keep what was counted in this file, and go on from it where it exists already")
      ->type_name("FILE");
  command->add_option("-t,--threads", options.segmenter.threads, "0: as many as there are")
      ->capture_default_str();
  AddDeviceOptions(*command, options.segmenter);
  AddEngineOptions(*command, options.segmenter);
  command->add_flag("--json", options.json, "Report as one JSON document on standard output");
  command->footer(kEvalOptionsFooter);
  return command;
}

}  // namespace segforge::cli
