#include "svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace segforge::cli {
namespace {

// In pixels: the frame that the data fills, in a canvas with room for labels and, below, the legend.
constexpr double kWidth = 720, kLeft = 78, kTop = 44, kFrameWidth = 610, kFrameHeight = 340;
constexpr double kRight = kLeft + kFrameWidth, kBottom = kTop + kFrameHeight;
constexpr double kLegendTop = kBottom + 72, kLegendRow = 20;

// Okabe and Ito 2008: eight colours that colour-blind readers can tell apart, less black and yellow.
constexpr std::array<const char*, 6> kColors = {"#0072b2", "#d55e00", "#009e73",
                                                "#cc79a7", "#e69f00", "#56b4e9"};

struct Axes {
  std::vector<double> x_ticks, y_ticks;
  double X(double x) const { return kLeft + kFrameWidth * x / x_ticks.back(); }
  double Y(double y) const { return kBottom - kFrameHeight * y / y_ticks.back(); }
};

Axes AxesOf(const Plot& plot) {
  double x_end = 0;
  double y_end = 0;
  for (const PlotSeries& series : plot.series) {
    for (const auto& [x, y] : series.points) {
      x_end = std::max(x_end, x);
      y_end = std::max(y_end, y);
    }
  }
  return {Ticks(x_end > 0 ? x_end : 1, 6), Ticks(y_end > 0 ? y_end : 1, 6)};
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     XmlEscape(text));
}

std::string Line(double x1, double y1, double x2, double y2, const std::string& style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2,
                     style);
}

std::string Frame(const Plot& plot, const Axes& axes) {
  const std::string grid = "stroke=\"#ddd\"";
  std::string svg;
  for (const double tick : axes.x_ticks) {
    svg += Line(axes.X(tick), kTop, axes.X(tick), kBottom + 5, grid);
    svg += Text(axes.X(tick), kBottom + 20, "middle", fmt::format("{:g}", tick));
  }
  for (const double tick : axes.y_ticks) {
    svg += Line(kLeft - 5, axes.Y(tick), kRight, axes.Y(tick), grid);
    svg += Text(kLeft - 9, axes.Y(tick) + 4, "end", fmt::format("{:g}", tick));
  }
  svg += Line(kLeft, kTop, kLeft, kBottom, "stroke=\"#333\"");
  svg += Line(kLeft, kBottom, kRight, kBottom, "stroke=\"#333\"");
  svg += Text((kLeft + kRight) / 2, 24, "middle", plot.title);
  svg += Text((kLeft + kRight) / 2, kBottom + 44, "middle", plot.x_label);
  svg += fmt::format("<g transform=\"rotate(-90 18 {0:.1f})\">{1}</g>\n", (kTop + kBottom) / 2,
                     Text(18, (kTop + kBottom) / 2, "middle", plot.y_label));
  return svg;
}

std::string Curve(const PlotSeries& series, size_t index, const Axes& axes) {
  const char* color = kColors[series.color % kColors.size()];
  const std::string stroke = fmt::format("stroke=\"{}\" stroke-width=\"2\"{}", color,
                                         series.dashed ? " stroke-dasharray=\"6 4\"" : "");
  std::string points;
  std::string dots;
  for (const auto& [x, y] : series.points) {
    points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", axes.X(x), axes.Y(y));
    dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", axes.X(x), axes.Y(y),
                        color);
  }
  const double row = kLegendTop + kLegendRow * static_cast<double>(index);
  return fmt::format("<polyline fill=\"none\" {} points=\"{}\"/>\n", stroke, points) + dots +
         Line(kLeft, row - 4, kLeft + 30, row - 4, stroke) + Text(kLeft + 38, row, "start", series.name);
}

}  // namespace

std::string XmlEscape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else {
      escaped += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return escaped;
}

std::vector<double> Ticks(double end, int count) {
  const double rough = end / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double nice : {5.0, 2.5, 2.0, 1.0}) {
    if (nice * power >= rough) step = nice * power;
  }
  std::vector<double> ticks = {0};
  while (ticks.back() < end) ticks.push_back(step * static_cast<double>(ticks.size()));
  return ticks;
}

std::string PlotSvg(const Plot& plot) {
  const Axes axes = AxesOf(plot);
  const double height = kLegendTop + kLegendRow * static_cast<double>(plot.series.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth, height);
  svg += Frame(plot, axes);
  for (size_t i = 0; i < plot.series.size(); ++i) svg += Curve(plot.series[i], i, axes);
  return svg + "</svg>\n";
}

}  // namespace segforge::cli
