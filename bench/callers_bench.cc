// Images a second through one Segmenter that several threads call at once, from pixels to labels in
// page-locked memory: callers_bench MODEL HEIGHTxWIDTH DEVICE CALLERS[,CALLERS...] [SECONDS]
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <future>
#include <string>
#include <vector>

#include "segforge/segforge.h"

namespace {

using Clock = std::chrono::steady_clock;

std::vector<int64_t> Numbers(const std::string& text) {
  std::vector<int64_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int64_t number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 1) return {};
    numbers.push_back(number);
    at = stop + 1;  // past the separator
  }
  return numbers;
}

// One caller's images, until the time is up.
void Call(const segforge::Segmenter& segmenter, int64_t height, int64_t width, Clock::time_point end,
          std::atomic<int64_t>& images) {
  const auto pixels = static_cast<size_t>(height * width);
  const segforge::HostMemory from = segmenter.NewMemory(pixels * 3);
  const segforge::HostMemory to = segmenter.NewMemory(pixels * sizeof(uint16_t));
  for (size_t i = 0; i < pixels * 3; ++i) from.data.get()[i] = static_cast<uint8_t>(i * 7 + i / 1000);
  const bool wide = segmenter.info().classes > 255;
  segforge::LabelTarget labels = {nullptr, nullptr, height, width};
  if (wide) {
    labels.labels16 = reinterpret_cast<uint16_t*>(to.data.get());
  } else {
    labels.labels8 = to.data.get();
  }
  for (; Clock::now() < end; ++images) segmenter.RunInto({from.data.get(), height, width, 0}, labels);
}

void Measure(const segforge::Segmenter& segmenter, int64_t height, int64_t width, int64_t callers,
             double seconds) {
  std::atomic<int64_t> images = 0;
  const auto run = [&](double run_seconds) {
    images = 0;
    const Clock::time_point start = Clock::now();
    const Clock::time_point end =
        start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(run_seconds));
    std::vector<std::future<void>> calls;
    for (int64_t i = 0; i < callers; ++i) {
      calls.push_back(std::async(std::launch::async, [&] { Call(segmenter, height, width, end, images); }));
    }
    for (std::future<void>& call : calls) call.get();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  run(seconds / 5);  // warms up
  const double took = run(seconds);
  const double rate = static_cast<double>(images) / took;
  fmt::print("{} callers: {:.1f} images/s, {:.3f} ms a call\n", callers, rate,
             1e3 * static_cast<double>(callers) / rate);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::vector<int64_t> size = arguments.size() > 3 ? Numbers(arguments[1]) : std::vector<int64_t>();
  const std::vector<int64_t> callers = arguments.size() > 3 ? Numbers(arguments[3]) : std::vector<int64_t>();
  if (size.size() != 2 || callers.empty()) {
    fmt::print(stderr, "callers_bench MODEL HEIGHTxWIDTH DEVICE CALLERS[,CALLERS...] [SECONDS]\n");
    return 2;
  }
  try {
    segforge::SegmenterOptions options;
    options.device = arguments[2];
    options.threads = 1;
    const segforge::Segmenter segmenter(arguments[0], options);
    fmt::print("{}\n", segmenter.device());
    for (const int64_t count : callers) {
      Measure(segmenter, size[0], size[1], count, arguments.size() > 4 ? std::stod(arguments[4]) : 5);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "callers_bench: {}\n", error.what());
    return 2;
  }
  return 0;
}
