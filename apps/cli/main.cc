#include <fmt/format.h>

#include <exception>
#include <iostream>
#include <new>

#include "ablate.h"
#include "bench.h"
#include "build.h"
#include "compare.h"
#include "completion.h"
#include "doctor.h"
#include "eval.h"
#include "exit_code.h"
#include "export.h"
#include "inspect.h"
#include "interrupt.h"
#include "profile.h"
#include "segment.h"
#include "simplify.h"
#include "text.h"

namespace segforge::cli {
namespace {

constexpr const char* kMainFooter = R"(Examples:
  segforge segment street.jpg --format overlay
  segforge inspect street-b0
  segforge compare street-b0 --against street-b0 --reference-device ref --size 64x64 street.jpg
  segforge eval street-b0 --data camvid/test --ignore 11
  segforge build street-b0 -o street.segforge
  segforge export street-b0 -o street.onnx
  segforge simplify model.onnx simple.onnx
  segforge bench street-b0 --sizes 512x512,1024x1024
  segforge completion bash > ~/.local/share/bash-completion/completions/segforge

Exit codes: 0 done; 2 bad input or usage, or any image of several failed; 1 compare found a difference, or a
bug of segforge.)";

struct CommandLine {
  CLI::App program =
      CLI::App("Semantic segmentation with SegFormer, from checkpoint to label map.", "segforge");
  SegmentOptions segment_options;
  InspectOptions inspect_options;
  CompareOptions compare_options;
  EvalOptions eval_options;
  BuildVerbOptions build_options;
  ExportVerbOptions export_options;
  BenchOptions bench_options;
  SimplifyVerbOptions simplify_options;
  ProfileVerbOptions profile_options;
  AblateOptions ablate_options;
  DoctorOptions doctor_options;
  std::string shell;
  CLI::App* segment = AddSegmentCommand(program, segment_options);
  CLI::App* inspect = AddInspectCommand(program, inspect_options);
  CLI::App* compare = AddCompareCommand(program, compare_options);
  CLI::App* eval = AddEvalCommand(program, eval_options);
  CLI::App* build = AddBuildCommand(program, build_options);
  CLI::App* export_onnx = AddExportCommand(program, export_options);
  CLI::App* bench = AddBenchCommand(program, bench_options);
  CLI::App* simplify = AddSimplifyCommand(program, simplify_options);
  CLI::App* profile = AddProfileCommand(program, profile_options);
  CLI::App* ablate = AddAblateCommand(program, ablate_options);
  CLI::App* doctor = AddDoctorCommand(program, doctor_options);
  CLI::App* completion = AddCompletionCommand(program, shell);

  CommandLine() {
    program.set_version_flag("--version", fmt::format("segforge {}", Version()));
    program.require_subcommand(0, 1);  // none is reported below, more clearly
    program.footer(kMainFooter);
  }
};

int UsageError(const CommandLine& line, const CLI::ParseError& error) {
  const auto chosen = line.program.get_subcommands();
  PrintError(fmt::format("{}; see segforge {}--help", error.what(),
                         chosen.empty() ? "" : chosen.front()->get_name() + " "));
  return kFailure;
}

int Dispatch(const CommandLine& line) {
  if (line.segment->parsed()) return Segment(line.segment_options);
  if (line.inspect->parsed()) return Inspect(line.inspect_options);
  if (line.compare->parsed()) return Compare(line.compare_options);
  if (line.eval->parsed()) return Eval(line.eval_options);
  if (line.build->parsed()) return Build(line.build_options);
  if (line.export_onnx->parsed()) return Export(line.export_options);
  if (line.bench->parsed()) return Bench(line.bench_options);
  if (line.simplify->parsed()) return Simplify(line.simplify_options);
  if (line.profile->parsed()) return Profile(line.profile_options);
  if (line.ablate->parsed()) return Ablate(line.ablate_options);
  if (line.doctor->parsed()) return Doctor(line.doctor_options);
  if (!line.completion->parsed()) {
    throw Error(ErrorCode::kInvalidInput,
                "expected a verb: segment, inspect, compare, eval, build, export, simplify, bench, profile, "
                "ablate, doctor or completion; "
                "see segforge --help");
  }
  std::cout << CompletionScript(line.program, line.shell);
  return kSuccess;
}

// A full disk may show itself only when the last of standard output is written.
int FlushOutput(int code) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::cout.good() && std::ferror(stdout) == 0) return code;
  PrintError("standard output: cannot be written");
  return kFailure;
}

int Main(int argc, char** argv) {
  HandleInterrupts();
  CommandLine line;
  try {
    line.program.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return FlushOutput(line.program.exit(help));
  } catch (const CLI::ParseError& error) {
    return UsageError(line, error);
  }
  try {
    return FlushOutput(Dispatch(line));
  } catch (const Error& error) {
    PrintError(error.what());
    return kFailure;
  } catch (const std::bad_alloc&) {
    PrintError("there is not enough memory");
    return kFailure;
  } catch (const std::exception& error) {
    PrintError(fmt::format("a bug, please report it: {}", error.what()));
    return kInternalError;
  }
}

}  // namespace
}  // namespace segforge::cli

int main(int argc, char** argv) { return segforge::cli::Main(argc, argv); }
