#include "svg_bars.h"

#include <fmt/format.h>

#include <algorithm>

#include "svg_parts.h"

namespace segforge::cli {
namespace {

// In pixels: names are left of the frame, notes right of the bars, for which the last part of it is kept.
constexpr double kWidth = 860, kLeft = 170, kTop = 44, kFrameWidth = 520, kRow = 22, kBar = 15;

class Drawing {
 public:
  explicit Drawing(const BarPlot& plot) : plot_(plot) {
    double end = 0;
    size_t rows = 0;
    for (const BarGroup& group : plot.groups) {
      rows += group.bars.size() + 1;
      for (const Bar& bar : group.bars) end = std::max(end, bar.value);
    }
    ticks_ = Ticks(end > 0 ? end : 1, 6);
    bottom_ = kTop + kRow * static_cast<double>(rows) + 6;
  }

  std::string Svg() {
    std::string svg = SvgBegin(kWidth, bottom_ + 60) + Grid();
    double y = kTop;
    for (size_t i = 0; i < plot_.groups.size(); ++i) {
      svg += SvgText(kLeft, y + kBar, "start", plot_.groups[i].name);
      y += kRow;
      for (const Bar& bar : plot_.groups[i].bars) {
        svg += BarSvg(bar, y, SvgColor(i));
        y += kRow;
      }
    }
    return svg + "</svg>\n";
  }

 private:
  double X(double value) const { return kLeft + kFrameWidth * value / ticks_.back(); }

  std::string Grid() const {
    std::string svg;
    for (const double tick : ticks_) {
      svg += SvgLine(X(tick), kTop, X(tick), bottom_ + 5, "stroke=\"#ddd\"");
      svg += SvgText(X(tick), bottom_ + 20, "middle", fmt::format("{:g}", tick));
    }
    svg += SvgText(kWidth / 2, 24, "middle", plot_.title);
    return svg + SvgText(kLeft + kFrameWidth / 2, bottom_ + 44, "middle", plot_.value_label);
  }

  std::string BarSvg(const Bar& bar, double y, const char* color) const {
    return SvgText(kLeft - 9, y + kBar - 3, "end", bar.name) +
           fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n",
                       kLeft, y, X(bar.value) - kLeft, kBar, color) +
           SvgText(X(bar.value) + 6, y + kBar - 3, "start", bar.note);
  }

  const BarPlot& plot_;
  std::vector<double> ticks_;
  double bottom_ = 0;
};

}  // namespace

std::string BarsSvg(const BarPlot& plot) { return Drawing(plot).Svg(); }

}  // namespace segforge::cli
