// What drawings in SVG are made of.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace segforge::cli {

std::string XmlEscape(const std::string& text);  // for text and attributes of XML and HTML

// Round values from 0 to the first that reaches `end` (> 0), about `count` of them.
std::vector<double> Ticks(double end, int count);

std::string SvgBegin(double width, double height);  // a white canvas, in pixels; "</svg>" ends it
// anchor: "start", "middle" or "end" of the text is at x.
std::string SvgText(double x, double y, const char* anchor, const std::string& text);
std::string SvgLine(double x1, double y1, double x2, double y2, const std::string& style);
const char* SvgColor(size_t index);  // six are told apart

}  // namespace segforge::cli
