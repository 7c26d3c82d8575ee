// A chart of horizontal bars as SVG, no script and no font of its own.
#pragma once

#include <string>
#include <vector>

namespace segforge::cli {

struct Bar {
  std::string name;
  double value = 0;  // >= 0, finite
  std::string note;  // after the bar: "40.1 ms, 3.20x"
};

struct BarGroup {  // of one colour, below its name
  std::string name;
  std::vector<Bar> bars;
};

struct BarPlot {
  std::string title;
  std::string value_label;
  std::vector<BarGroup> groups;
};

std::string BarsSvg(const BarPlot& plot);

}  // namespace segforge::cli
