#include "ablate.h"

#include <fmt/format.h>

#include <memory>

#include "ablate_report.h"
#include "device_options.h"
#include "exit_code.h"
#include "inputs.h"
#include "measure_options.h"
#include "outputs.h"
#include "progress.h"
#include "write_file.h"

namespace segforge::cli {
namespace {

constexpr const char* kAblateFooter = R"(Examples:
  segforge ablate
  segforge ablate segformer.b1.pth photos/ --size 1024x1024 -o b1.csv --plot b1.svg
  segforge ablate segformer.b1.pth --device cuda --precision fp32,tf32,fp16 --reference segformer.b1.onnx

Rows: the graph with nothing fused; V1: every LayerNorm; V2: those after sr alone; then V1 and each other fusion added
in turn, up to the engine as it is built. All rows run alternately. `segforge segment --fuse` builds any of them.

Exit codes: 0 done; 2 bad input or usage; 1 a bug of segforge.)";

void AddList(CLI::App& command, const std::string& names, std::vector<std::string>& list,
             const std::string& description) {
  command.add_option(names, list, description)
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the inputs that follow
      ->type_name("NAME,...");
}

void AddRunOptions(CLI::App& command, AblationOptions& ablation) {
  AddList(command, "--device,--devices", ablation.devices, "cpu, ref, cuda, or cuda:N. Default: cpu");
  AddList(command, "--precision,--precisions", ablation.precisions,
          "fp32; on a GPU also tf32, fp16, bf16. Default: fp16 on a GPU, else fp32");
  AddFp32Layers(command, ablation.segmenter);
  AddNetworkSize(command, ablation.height, ablation.width);
  command.add_option("-t,--threads", ablation.segmenter.threads, "Default: as many as there are")
      ->check(CLI::Range(1, 1024));
  command.add_option("--runs", ablation.rule.runs, "Timed runs of each row at most")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->capture_default_str();
  command
      .add_option("--seconds", ablation.rule.seconds,
                  "Of each row: stop the timed runs after that long, but not before three")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command.add_option("--warmup", ablation.rule.warmup_seconds, "Seconds of warm-up at most, of each row")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
}

}  // namespace

CLI::App* AddAblateCommand(CLI::App& program, AblateOptions& options) {
  CLI::App* command =
      program.add_subcommand("ablate", "Measure what each fusion of the graph gains, and what it changes");
  AblationOptions& ablation = options.ablation;
  command
      ->add_option("MODEL", ablation.model,
                   "street-b0 (built in), a Hugging Face folder, a .safetensors, .pth or .onnx file")
      ->capture_default_str();
  command->add_option("INPUT", options.inputs,
                      "JPEG, PNG or WebP files, or folders of them, to compare results on; all are held in "
                      "memory. Default: the demo's");
  command->add_flag("-r,--recursive", options.recursive, "Look into the sub-folders of input folders");
  AddRunOptions(*command, ablation);
  command
      ->add_option("--reference", ablation.reference,
                   "What results are compared with: a model, run in fp32 on the CPU, or an .onnx file, which "
                   "an installed ONNX Runtime runs. Default: MODEL")
      ->type_name("MODEL");
  command->add_option("--max-a0", ablation.max_a0, "Good up to this share of pixels whose label differs")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--max-r0", ablation.max_r0, "Good up to this median relative difference of logits")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("-o,--csv", options.csv,
                   "Also write the rows as CSV; - for standard output, instead of the table")
      ->type_name("FILE.csv");
  command->add_option("--plot", options.plot, "Also draw the latencies")->type_name("FILE.svg");
  command->footer(kAblateFooter);
  return command;
}

int Ablate(const AblateOptions& options) {
  if (options.csv == "-" && options.plot == "-") {
    throw Error(ErrorCode::kInvalidInput,
                "standard output: two results cannot both go there; give one a file");
  }
  for (const std::string& path : {options.csv, options.plot}) {
    if (!path.empty()) CheckWritable(path);
  }
  AblationOptions wanted = options.ablation;
  if (!options.inputs.empty()) {
    const InputList images = ListInputs(options.inputs, options.recursive, "");
    for (size_t i = 0; i < images.size(); ++i) wanted.images.push_back(images[i].path);
  }
  std::vector<AblationRow> rows;
  {
    std::unique_ptr<Progress> progress;
    wanted.progress = [&](size_t done, size_t total) {
      if (!progress) progress = std::make_unique<Progress>(total, true);
      progress->Draw(done, 0);
    };
    rows = RunAblation(wanted);
  }
  if (options.csv != "-" && options.plot != "-") PrintAblation(options.ablation, rows);
  if (!options.csv.empty()) WriteFile(options.csv, AblationCsv(rows));
  if (!options.plot.empty()) WriteFile(options.plot, AblationPlot(options.ablation, rows));
  return kSuccess;
}

}  // namespace segforge::cli
