#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "profile_report.h"
#include "profile_tree.h"
#include "svg_parts.h"

namespace segforge::cli {
namespace {

constexpr const char* kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 14px/1.45 system-ui, sans-serif; color: #222; background: #fff; max-width: 1180px; margin: 24px auto; padding: 0 16px; }}
h1 {{ font-size: 20px; margin-bottom: 4px; }}
h2 {{ font-size: 16px; margin: 28px 0 8px; }}
p {{ margin: 4px 0; color: #555; }}
table {{ border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: 3px 6px; border-bottom: 1px solid #eee; white-space: nowrap; }}
th {{ color: #555; font-weight: 600; }}
th:first-child, td:first-child, td.l, th.l {{ text-align: left; }}
td.bar {{ width: 18%; min-width: 80px; }}
td.bar div {{ height: 12px; border-radius: 2px; }}
.flame {{ position: relative; border: 1px solid #ddd; }}
.flame a {{ position: absolute; height: 22px; overflow: hidden; box-sizing: border-box; border: 1px solid #fff; font-size: 12px; line-height: 20px; padding: 0 3px; white-space: nowrap; color: #fff; text-decoration: none; }}
.flame a.part {{ background: #dde1e6; color: #222; }}
.key span {{ display: inline-block; margin-right: 16px; }}
.key i {{ display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 5px; vertical-align: -1px; }}
tr:target {{ background: #fff3cd; }}
.scroll {{ overflow-x: auto; }}
</style>
</head>
<body>
)";

// Dark enough for white text; the kinds that take longest get them in order, the rest share the last.
constexpr std::array<const char*, 7> kColors = {"#0063a0", "#b84f00", "#00785a", "#9c4479",
                                                "#7a5c00", "#5a4fb0", "#5f6b76"};
constexpr int kFlameRow = 23;  // pixels

class Report {
 public:
  explicit Report(const ModelProfile& profile) : profile_(profile), all_ms_(SumOfLayersMs(profile)) {
    const std::vector<KindTotal> totals = TotalsByKind(profile);
    for (size_t i = 0; i < totals.size(); ++i)
      colors_[totals[i].kind] = kColors[std::min(i, kColors.size() - 1)];
  }

  std::string Html() {
    html_ = fmt::format(kHead, fmt::arg("title", XmlEscape(profile_.model + " profile")));
    Summary();
    Flame();
    Kinds();
    Layers("Slowest layers", SlowestLayers(profile_), 20, false);
    std::vector<size_t> in_order(profile_.layers.size());
    for (size_t i = 0; i < in_order.size(); ++i) in_order[i] = i;
    Layers("Graph: every layer in order, with what it reads", in_order, in_order.size(), true);
    return html_ + "</body>\n</html>\n";
  }

 private:
  void Summary() {
    html_ += fmt::format("<h1>{}</h1>\n<p>{} · input {}x{} (height x width) · segforge {}</p>\n",
                         XmlEscape(profile_.model), XmlEscape(profile_.device), profile_.height,
                         profile_.width, Version());
    html_ += fmt::format(
        "<p>Whole run: median {:.2f} ms, min {:.2f}, p90 {:.2f}, noise {:.1f} % over {} runs.</p>\n",
        profile_.run.median, profile_.run.min, profile_.run.p90, 100 * profile_.run.noise, profile_.run.runs);
    if (profile_.ceilings.gflops <= 0) return;
    html_ += fmt::format(
        "<p>Ceilings measured with {} thread{}: {:.1f} GFLOP/s multiply-add, {:.1f} GB/s copy. More than "
        "100 % of "
        "the copy ceiling means that the data lay in a cache.</p>\n",
        profile_.ceilings.threads, profile_.ceilings.threads == 1 ? "" : "s", profile_.ceilings.gflops,
        profile_.ceilings.copy_gbs);
  }

  static int DepthOf(const ProfileNode& node) {
    int depth = 0;
    for (const ProfileNode& child : node.children) depth = std::max(depth, DepthOf(child));
    return depth + 1;
  }

  void Flame() {
    const ProfileNode root = TreeOf(profile_);
    html_ += "<h2>The run of median length, left to right</h2>\n<p class=\"key\">";
    for (const KindTotal& total : TotalsByKind(profile_)) {
      html_ += fmt::format("<span><i style=\"background:{}\"></i>{}</span>", colors_[total.kind],
                           XmlEscape(total.kind));
    }
    html_ += fmt::format("</p>\n<div class=\"flame\" style=\"height:{}px\">\n", kFlameRow * DepthOf(root));
    FlameNode(root, 0);
    html_ += "</div>\n";
  }

  void FlameNode(const ProfileNode& node, int row) {
    if (profile_.traced_ms <= 0) return;
    const bool leaf = node.children.empty() && node.first < profile_.layers.size();
    const double ms = node.end_ms - node.start_ms;
    const std::string style =
        fmt::format("left:{:.4f}%;width:{:.4f}%;top:{}px", 100 * node.start_ms / profile_.traced_ms,
                    100 * ms / profile_.traced_ms, kFlameRow * row);
    const std::string name = leaf ? profile_.layers[node.first].name : node.name;
    html_ += fmt::format("<a {} style=\"{}{}\" title=\"{}: {:.3f} ms\">{}</a>\n",
                         leaf ? fmt::format("href=\"#layer{}\"", node.first) : std::string("class=\"part\""),
                         style, leaf ? ";background:" + colors_[profile_.layers[node.first].kind] : "",
                         XmlEscape(name), ms, XmlEscape(node.name));
    for (const ProfileNode& child : node.children) FlameNode(child, row + 1);
  }

  std::string Bar(double ms, double of_ms, const std::string& color) const {
    return fmt::format("<td class=\"bar\"><div style=\"width:{:.2f}%;background:{}\"></div></td>",
                       of_ms > 0 ? 100 * ms / of_ms : 0, color);
  }

  void Kinds() {
    const std::vector<KindTotal> totals = TotalsByKind(profile_);
    html_ +=
        "<h2>By kind of operator</h2>\n<div "
        "class=\"scroll\"><table>\n<tr><th>operator</th><th>layers</th><th></th>"
        "<th>ms</th><th>share</th><th>GFLOP</th><th>MB</th></tr>\n";
    for (const KindTotal& total : totals) {
      html_ += fmt::format(
          "<tr><td>{}</td><td>{}</td>{}<td>{:.3f}</td><td>{:.1f} %</td><td>{:.3f}</td><td>{:.2f}</td></tr>\n",
          XmlEscape(total.kind), total.layers, Bar(total.ms, totals.front().ms, colors_[total.kind]),
          total.ms, all_ms_ > 0 ? 100 * total.ms / all_ms_ : 0, total.gflop, total.bytes * 1e-6);
    }
    html_ += "</table></div>\n";
  }

  std::string Inputs(const LayerProfile& layer) const {
    std::string text;
    for (const size_t input : layer.inputs) {
      text += fmt::format("{}<a href=\"#layer{}\">{}</a>", text.empty() ? "" : ", ", input, input);
    }
    return text.empty() ? "image" : text;
  }

  void Layers(const char* title, const std::vector<size_t>& order, size_t count, bool graph) {
    if (order.empty()) return;
    const double longest = profile_.layers[SlowestLayers(profile_).front()].ms;
    html_ += fmt::format(
        "<h2>{}</h2>\n<div class=\"scroll\"><table>\n<tr><th>{}layer</th>{}<th "
        "class=\"l\">kernel</th><th>output</th>"
        "<th></th><th>ms</th><th>GFLOP</th><th>MB</th><th>of FMA</th><th>of copy</th><th>bound "
        "by</th></tr>\n",
        title, graph ? "# " : "", graph ? "<th class=\"l\">reads</th>" : "");
    for (size_t i = 0; i < std::min(count, order.size()); ++i) LayerRow(order[i], longest, graph);
    html_ += "</table></div>\n";
  }

  void LayerRow(size_t index, double longest_ms, bool graph) {
    const LayerProfile& layer = profile_.layers[index];
    const std::string name =
        graph ? fmt::format("{} {}", index, XmlEscape(layer.name)) : XmlEscape(layer.name);
    const bool known = profile_.ceilings.gflops > 0;
    const auto share = [known](double value) { return known ? fmt::format("{:.0f} %", 100 * value) : ""; };
    html_ += fmt::format(
        "<tr{}><td>{}</td>{}<td class=\"l\">{}</td><td>{}</td>{}<td>{:.3f}</td><td>{:.3f}</td><td>{:.2f}</td>"
        "<td>{}</td><td>{}</td><td>{}</td></tr>\n",
        graph ? fmt::format(" id=\"layer{}\"", index) : "", name,
        graph ? "<td class=\"l\">" + Inputs(layer) + "</td>" : "", XmlEscape(layer.kernel),
        ShapeText(layer.output), Bar(layer.ms, longest_ms, colors_[layer.kind]), layer.ms, layer.gflop,
        layer.bytes * 1e-6, share(layer.fma_share), share(layer.copy_share),
        !known               ? ""
        : layer.bound_by_fma ? "FMA"
                             : "copy");
  }

  const ModelProfile& profile_;
  double all_ms_;
  std::map<std::string, std::string> colors_;  // of each kind
  std::string html_;
};

}  // namespace

std::string ProfileHtml(const ModelProfile& profile) { return Report(profile).Html(); }

}  // namespace segforge::cli
