#include "svg_plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "svg_parts.h"

namespace segforge::cli {
namespace {

// In pixels: the frame that the data fills, in a canvas with room for labels and, below, the legend.
constexpr double kPlotWidth = 720, kPlotLeft = 78, kPlotTop = 44, kPlotFrameWidth = 610,
                 kPlotFrameHeight = 340;
constexpr double kRight = kPlotLeft + kPlotFrameWidth, kBottom = kPlotTop + kPlotFrameHeight;
constexpr double kLegendTop = kBottom + 72, kLegendRow = 20;

struct Axes {
  std::vector<double> x_ticks, y_ticks;
  double X(double x) const { return kPlotLeft + kPlotFrameWidth * x / x_ticks.back(); }
  double Y(double y) const { return kBottom - kPlotFrameHeight * y / y_ticks.back(); }
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

std::string Frame(const Plot& plot, const Axes& axes) {
  const std::string grid = "stroke=\"#ddd\"";
  std::string svg;
  for (const double tick : axes.x_ticks) {
    svg += SvgLine(axes.X(tick), kPlotTop, axes.X(tick), kBottom + 5, grid);
    svg += SvgText(axes.X(tick), kBottom + 20, "middle", fmt::format("{:g}", tick));
  }
  for (const double tick : axes.y_ticks) {
    svg += SvgLine(kPlotLeft - 5, axes.Y(tick), kRight, axes.Y(tick), grid);
    svg += SvgText(kPlotLeft - 9, axes.Y(tick) + 4, "end", fmt::format("{:g}", tick));
  }
  svg += SvgLine(kPlotLeft, kPlotTop, kPlotLeft, kBottom, "stroke=\"#333\"");
  svg += SvgLine(kPlotLeft, kBottom, kRight, kBottom, "stroke=\"#333\"");
  svg += SvgText((kPlotLeft + kRight) / 2, 24, "middle", plot.title);
  svg += SvgText((kPlotLeft + kRight) / 2, kBottom + 44, "middle", plot.x_label);
  svg += fmt::format("<g transform=\"rotate(-90 18 {0:.1f})\">{1}</g>\n", (kPlotTop + kBottom) / 2,
                     SvgText(18, (kPlotTop + kBottom) / 2, "middle", plot.y_label));
  return svg;
}

std::string Curve(const PlotSeries& series, size_t index, const Axes& axes) {
  const char* color = SvgColor(series.color);
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
         SvgLine(kPlotLeft, row - 4, kPlotLeft + 30, row - 4, stroke) +
         SvgText(kPlotLeft + 38, row, "start", series.name);
}

}  // namespace

std::string PlotSvg(const Plot& plot) {
  const Axes axes = AxesOf(plot);
  const double height = kLegendTop + kLegendRow * static_cast<double>(plot.series.size());
  std::string svg = SvgBegin(kPlotWidth, height);
  svg += Frame(plot, axes);
  for (size_t i = 0; i < plot.series.size(); ++i) svg += Curve(plot.series[i], i, axes);
  return svg + "</svg>\n";
}

}  // namespace segforge::cli
