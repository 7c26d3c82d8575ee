#include "measure_options.h"

#include <thread>

#include "segment_options.h"

namespace segforge::cli {

Size ParseNetworkSize(const std::string& option, const std::string& text) {
  constexpr int64_t kMinSide = 32;
  constexpr int64_t kMaxSide = 65536;
  const auto fail = [&] {
    throw CLI::ValidationError(
        option, "expected HEIGHTxWIDTH such as 512x1024, each 32 to 65536, got \"" + text + "\"");
  };
  SegmenterOptions parsed;
  try {
    ParseSize(text, parsed);
  } catch (const CLI::ValidationError&) {
    fail();
  }
  const auto in_range = [](int64_t side) { return side >= kMinSide && side <= kMaxSide; };
  if (parsed.size != NetworkSize::kFixed || !in_range(parsed.height) || !in_range(parsed.width)) fail();
  return {parsed.height, parsed.width};
}

void AddNetworkSize(CLI::App& command, int64_t& height, int64_t& width) {
  command
      .add_option_function<std::string>(
          "--size",
          [&height, &width](const std::string& text) {
            const Size size = ParseNetworkSize("--size", text);
            height = size.height;
            width = size.width;
          },
          "Of the network's input, HEIGHTxWIDTH. Default: 512x512")
      ->type_name("SIZE");
}

CLI::Option* AddCounts(CLI::App& command, const std::string& names, std::vector<int>& counts,
                       const std::string& description) {
  return command.add_option(names, counts, description)
      ->delimiter(',')
      ->allow_extra_args(false)  // or it would swallow the models that follow
      ->check(CLI::Range(1, 1024))
      ->type_name("N,...");
}

int DefaultThreads() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

}  // namespace segforge::cli
