// A line plot as SVG: axes with ticks and labels, a legend, no script and no font of its own.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace segforge::cli {

struct PlotSeries {
  std::string name;
  size_t color = 0;  // curves that belong together share one; six are told apart
  bool dashed = false;
  std::vector<std::pair<double, double>> points;  // x, y >= 0, finite
};

struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<PlotSeries> series;
};

std::string PlotSvg(const Plot& plot);

}  // namespace segforge::cli
