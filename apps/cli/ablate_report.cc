#include "ablate_report.h"

#include <fmt/format.h>

#include "svg_bars.h"
#include "text.h"

namespace segforge::cli {
namespace {

double MedianMs(const AblationRow& row) { return Summarize(row.runs.ms).median; }

double ImagesPerSecond(const AblationRow& row) {
  const double mean = Summarize(row.runs.ms).mean;
  return mean > 0 ? 1e3 / mean : 0;
}

// Whether a row begins another device or precision.
bool Begins(const std::vector<AblationRow>& rows, size_t i) {
  return i == 0 || rows[i].device_line != rows[i - 1].device_line;
}

// How many times as fast as the baseline of its device and precision.
double Speedup(const std::vector<AblationRow>& rows, size_t i) {
  size_t baseline = i;
  while (!Begins(rows, baseline)) --baseline;
  const double median = MedianMs(rows[i]);
  return median > 0 ? MedianMs(rows[baseline]) / median : 0;
}

std::string Verdict(const AblationRow& row) {
  if (row.good()) return "Good";
  return fmt::format("Bad ({} of {})", row.images - row.good_images, row.images);
}

void PrintRow(const std::vector<AblationRow>& rows, size_t i) {
  const AblationRow& row = rows[i];
  fmt::print(
      "{:<20} | {:>9.2f} | {:>6.2f}x | {:>10.2f} | {:>8.2e} | {:>8.2e} | {:>5} | {:>7} | {:>9.1f} | {}\n",
      row.name, MedianMs(row), Speedup(rows, i), ImagesPerSecond(row), row.a0, row.r0, row.nodes, row.kernels,
      static_cast<double>(row.memory_bytes) / (1 << 20), Verdict(row));
}

// A field of CSV, RFC 4180.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

}  // namespace

void PrintAblation(const AblationOptions& options, const std::vector<AblationRow>& rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (Begins(rows, i)) {
      fmt::print("{}{} · {} · {}x{} · {} images\n", i == 0 ? "" : "\n", OneLine(options.model),
                 rows[i].device_line, options.height, options.width, rows[i].images);
      fmt::print("{:<20} | {:>9} | {:>7} | {:>10} | {:>8} | {:>8} | {:>5} | {:>7} | {:>9} | Good/Bad\n", "",
                 "lt (ms)", "speedup", "tp (img/s)", "a0", "r0", "nodes", "kernels", "MiB");
    }
    PrintRow(rows, i);
  }
}

std::string AblationCsv(const std::vector<AblationRow>& rows) {
  std::string csv =
      "name,device,precision,median_ms,min_ms,noise,speedup,images_per_second,a0,r0,images,good_images,nodes,"
      "kernels,"
      "memory_bytes,runs,fuse\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    const AblationRow& row = rows[i];
    const Statistics times = Summarize(row.runs.ms);
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", Quoted(row.name),
                       Quoted(row.device_line), row.precision, times.median, times.min, times.noise,
                       Speedup(rows, i), ImagesPerSecond(row), row.a0, row.r0, row.images, row.good_images,
                       row.nodes, row.kernels, row.memory_bytes, times.runs, Quoted(Joined(row.fuse)));
  }
  return csv;
}

std::string AblationPlot(const AblationOptions& options, const std::vector<AblationRow>& rows) {
  BarPlot plot = {
      fmt::format("{} at {}x{}: what fusions gain", OneLine(options.model), options.height, options.width),
      "median latency, ms",
      {}};
  for (size_t i = 0; i < rows.size(); ++i) {
    if (Begins(rows, i)) plot.groups.push_back({rows[i].device_line, {}});
    plot.groups.back().bars.push_back({rows[i].name, MedianMs(rows[i]),
                                       fmt::format("{:.2f} ms, {:.2f}x{}", MedianMs(rows[i]),
                                                   Speedup(rows, i), rows[i].good() ? "" : ", Bad")});
  }
  return BarsSvg(plot);
}

}  // namespace segforge::cli
