#include "bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "svg_plot.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string RowName(const std::string& part) {
  if (part == "resize") return "  resize + normalise";
  if (part == "labels") return "  upsample + argmax";
  return "  " + part;
}

// Images that go through in a second, by the mean time: slow runs count as they do for whoever waits.
double ImagesPerSecond(const BenchCase& bench, const Statistics& times) {
  return times.mean > 0 ? 1e3 * static_cast<double>(bench.batch) / times.mean : 0;
}

void PrintRow(std::FILE* file, const std::string& name, const Statistics& times, const std::string& rate,
              const std::string& rest = "") {
  fmt::print(file, "  {:<22}{:>10.2f}{:>10.2f}{:>10.2f}{:>10.2f}{:>8.1f} %{:>10}{}\n", name, times.min,
             times.median, times.p90, times.p99, 100 * times.noise, rate, rest);
}

std::string WarmUp(const TimedRuns& runs) {
  return fmt::format("{} + {} runs{}", runs.warmup_runs, runs.ms.size(), runs.steady ? "" : " (not steady)");
}

Json TimesJson(const std::vector<double>& ms) {
  const Statistics times = Summarize(ms);
  return {{"min_ms", times.min}, {"mean_ms", times.mean}, {"median_ms", times.median},
          {"p90_ms", times.p90}, {"p99_ms", times.p99},   {"noise", times.noise},
          {"times_ms", ms}};
}

Json RunsJson(const BenchCase& bench, const TimedRuns& runs) {
  Json json = TimesJson(runs.ms);
  json["images_per_second"] = ImagesPerSecond(bench, Summarize(runs.ms));
  json["warmup_runs"] = runs.warmup_runs;
  json["steady"] = runs.steady;
  return json;
}

double Ratio(const EngineTimes& one, const EngineTimes& ours) {
  const double median = Summarize(ours.runs.ms).median;
  return median > 0 ? Summarize(one.runs.ms).median / median : 0;
}

Json TurnsJson(const MeasuredCase& measured) {
  Json json = Json::array();
  for (const EngineTimes& one : measured.turns) {
    Json row = {{"engine", one.engine},
                {"ratio", Ratio(one, measured.turns.front())},
                {"relative_error", one.relative_error},
                {"load_ms", one.load_ms}};
    row.update(RunsJson(measured.bench, one.runs));
    json.push_back(std::move(row));
  }
  return json;
}

Json CaseJson(const MeasuredCase& measured) {
  const BenchCase& bench = measured.bench;
  const BenchResult& result = measured.result;
  Json json = {{"model", bench.model},
               {"name", result.model},
               {"height", bench.height},
               {"width", bench.width},
               {"batch", bench.batch},
               {"threads", bench.segmenter.threads},
               {"precision", result.precision},
               {"device", result.device},
               {"image", bench.image.empty() ? Json() : Json(bench.image)},
               {"gflop", result.gflop},
               {"load_ms", result.load_ms},
               {"peak_bytes", result.peak_bytes}};
  json["engine"] = RunsJson(bench, result.engine);
  json["image_to_labels"] = RunsJson(bench, result.labels);
  if (!result.pixels.ms.empty()) {  // on a GPU
    json["pixels_to_labels"] = RunsJson(bench, result.pixels);
    if (!result.locked_pixels.ms.empty())
      json["pixels_to_labels_page_locked"] = RunsJson(bench, result.locked_pixels);
    json["gpu_bytes"] = result.gpu_bytes;
    json["gpu_driver_bytes"] = result.gpu_driver_bytes;
  }
  for (const BenchPart& part : result.parts) json["image_to_labels"]["parts"][part.name] = TimesJson(part.ms);
  if (!measured.turns.empty()) json["in_turns"] = TurnsJson(measured);
  return json;
}

std::string SeriesName(const BenchCase& bench, const std::string& what) {
  return fmt::format("{}, batch {}, {} thread{}: {}", bench.model, bench.batch, bench.segmenter.threads,
                     bench.segmenter.threads == 1 ? "" : "s", what);
}

void PrintTurns(std::FILE* file, const MeasuredCase& measured) {
  if (measured.turns.empty()) return;
  fmt::print(file, "{:<84}{:>9}{:>10}\n", "  engine, in turns with others", "ratio", "error");
  for (const EngineTimes& one : measured.turns) {
    const Statistics times = Summarize(one.runs.ms);
    const std::string rate = fmt::format("{:.2f}", ImagesPerSecond(measured.bench, times));
    PrintRow(file, OneLine(one.engine), times, rate,
             fmt::format("{:>8.2f}x{:>10.1e}", Ratio(one, measured.turns.front()), one.relative_error));
  }
}

// Of a GPU.
void PrintPixels(std::FILE* file, const MeasuredCase& measured) {
  const BenchResult& result = measured.result;
  const auto print = [&](const std::string& name, const TimedRuns& runs) {
    if (runs.ms.empty()) return;
    const Statistics times = Summarize(runs.ms);
    PrintRow(file, name, times, fmt::format("{:.2f}", ImagesPerSecond(measured.bench, times)));
  };
  print("pixels to labels", result.pixels);
  print("  page-locked", result.locked_pixels);
  if (result.gpu_bytes == 0) return;
  fmt::print(file, "  GPU memory beyond the context {} MiB, {} MiB as the driver counts\n",
             result.gpu_bytes >> 20, result.gpu_driver_bytes >> 20);
}

// Curves in the order in which they are first met.
class Curves {
 public:
  void Add(const MeasuredCase& measured) {
    const BenchCase& bench = measured.bench;
    const BenchResult& ours = measured.result;
    const size_t color = ColorOf(SeriesName(bench, ours.precision));
    Point(bench, ours.precision + " engine", ours.engine.ms, color, false);
    Point(bench, ours.precision + " image to labels", ours.labels.ms, color, true);
    for (size_t i = 1; i < measured.turns.size(); ++i) {
      const EngineTimes& peer = measured.turns[i];
      Point(bench, peer.engine, peer.runs.ms, ColorOf(SeriesName(bench, peer.engine)), false);
    }
  }

  std::vector<PlotSeries> Sorted() && {
    for (PlotSeries& one : series_) std::sort(one.points.begin(), one.points.end());
    return std::move(series_);
  }

 private:
  size_t ColorOf(const std::string& name) { return colors_.emplace(name, colors_.size()).first->second; }

  void Point(const BenchCase& bench, const std::string& what, const std::vector<double>& ms, size_t color,
             bool dashed) {
    const std::string name = SeriesName(bench, what);
    auto one = std::find_if(series_.begin(), series_.end(),
                            [&](const PlotSeries& other) { return other.name == name; });
    if (one == series_.end()) one = series_.insert(one, {name, color, dashed, {}});
    one->points.emplace_back(static_cast<double>(bench.height * bench.width) * 1e-6, Summarize(ms).median);
  }

  std::map<std::string, size_t> colors_;
  std::vector<PlotSeries> series_;
};

}  // namespace

void PrintBenchHeader(std::FILE* file) {
  fmt::print(file, "{:<24}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "ms a batch", "min", "median", "p90",
             "p99", "noise", "images/s");
}

void PrintCase(std::FILE* file, const MeasuredCase& measured) {
  const BenchCase& bench = measured.bench;
  const BenchResult& result = measured.result;
  fmt::print(file, "\n{} · {} · {}x{} · batch {}\n", OneLine(bench.model), result.device, bench.height,
             bench.width, bench.batch);
  const Statistics engine = Summarize(result.engine.ms);
  const Statistics labels = Summarize(result.labels.ms);
  const auto rate = [&](const Statistics& times) {
    return fmt::format("{:.2f}", ImagesPerSecond(bench, times));
  };
  PrintRow(file, "engine", engine, rate(engine));
  PrintRow(file, "image to labels", labels, rate(labels));
  for (const BenchPart& part : result.parts) PrintRow(file, RowName(part.name), Summarize(part.ms), "");
  PrintPixels(file, measured);
  fmt::print(file, "  peak memory {} MiB · engine {:.1f} GFLOP/s · loaded in {} · warm-up {}, {}\n",
             result.peak_bytes >> 20, engine.median > 0 ? result.gflop / engine.median * 1e3 : 0,
             Duration(result.load_ms), WarmUp(result.engine), WarmUp(result.labels));
  PrintTurns(file, measured);
}

std::string BenchJson(const std::vector<MeasuredCase>& cases) {
  Json json = {{"version", Version()}, {"cases", Json::array()}};
  for (const MeasuredCase& measured : cases) json["cases"].push_back(CaseJson(measured));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string BenchPlot(const std::vector<MeasuredCase>& cases) {
  Curves curves;
  for (const MeasuredCase& measured : cases) curves.Add(measured);
  return PlotSvg({"Latency of segforge " + std::string(Version()), "network input, megapixels an image",
                  "median latency of a batch, ms", std::move(curves).Sorted()});
}

}  // namespace segforge::cli
