#include "device_options.h"

namespace segforge::cli {

void AddDevice(CLI::App& command, SegmenterOptions& options, const std::string& prefix,
               const std::string& side) {
  command
      .add_option(
          "--" + prefix + "device", options.device,
          side +
              "cpu; ref: slow and exact, to compare with; cuda, or cuda:N for another than the "
              "first NVIDIA GPU, cuda:N,M or cuda:all for several; auto: cuda where there is one, else cpu. "
              "Default: cpu, or what an engine file was built for")
      ->type_name("DEVICE");
}

void AddGpuWait(CLI::App& command, SegmenterOptions& options) {
  command
      .add_option_function<std::string>(
          "--gpu-wait",
          [&options](const std::string& name) {
            options.gpu_wait = name == "sleep" ? GpuWait::kSleep : GpuWait::kSpin;
          },
          "How a thread waits for a GPU: spin keeps its processor, sleep leaves it to others and wakes up "
          "later. Default: spin")
      ->check(CLI::IsMember({"spin", "sleep"}));
}

void AddFp32Layers(CLI::App& command, SegmenterOptions& options, const std::string& prefix,
                   const std::string& side) {
  command
      .add_option("--" + prefix + "fp32-layers", options.fp32_layers,
                  side +
                      "Layers that stay in fp32: names, with * and ?, or their beginnings up to a dot "
                      "(`segforge inspect --graph` lists them)")
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the inputs that follow
      ->type_name("NAME,...");
}

void AddFuse(CLI::App& command, SegmenterOptions& options, const std::string& prefix,
             const std::string& side) {
  command
      .add_option(
          "--" + prefix + "fuse", options.fuse,
          side +
              "Fuse these, and leave in parts what they leave out: WORD=all or WORD=none, of layernorm, "
              "gelu, batchnorm, head-fold, decode-head, attention, key-value, patch-conv, mixffn, "
              "depthwise-gelu and epilogue; layernorm=N: the first N; layernorm=NAME,...: those, with * and "
              "?. Default: all "
              "of all")
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the inputs that follow
      ->type_name("WORD=WHICH,...");
}

void AddDeviceOptions(CLI::App& command, SegmenterOptions& options, const std::string& prefix,
                      const std::string& side) {
  AddDevice(command, options, prefix, side);
  command
      .add_option("--" + prefix + "precision", options.precision,
                  side + "fp32; on a GPU also tf32, fp16 or bf16; auto: fp16 on a GPU, else fp32")
      ->type_name("NAME")
      ->capture_default_str();
  AddFp32Layers(command, options, prefix, side);
}

}  // namespace segforge::cli
