#include "profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

// Of the ceilings, over layers that take `ms` together; "" without ceilings.
std::string FmaShare(const ModelProfile& profile, double gflop, double ms) {
  if (profile.ceilings.gflops <= 0) return "";
  return fmt::format("{:.0f} %", 100 * Share(gflop / profile.ceilings.gflops * 1e3, ms));
}

std::string CopyShare(const ModelProfile& profile, double bytes, double ms) {
  if (profile.ceilings.copy_gbs <= 0) return "";
  return fmt::format("{:.0f} %", 100 * Share(bytes * 1e-9 / profile.ceilings.copy_gbs * 1e3, ms));
}

void PrintHeader(const char* first, const char* second) {
  fmt::print("\n{:<32}{:>16}{:>10}{:>8}{:>9}{:>9}{:>8}{:>8}\n", first, second, "ms", "share", "GFLOP", "MB",
             "of FMA", "of copy");
}

void PrintRow(const ModelProfile& profile, const std::string& name, const std::string& second,
              const KindTotal& total) {
  fmt::print("{:<32}{:>16}{:>10.3f}{:>6.1f} %{:>9.3f}{:>9.2f}{:>8}{:>8}\n", name, second, total.ms,
             100 * Share(total.ms, SumOfLayersMs(profile)), total.gflop, total.bytes * 1e-6,
             FmaShare(profile, total.gflop, total.ms), CopyShare(profile, total.bytes, total.ms));
}

KindTotal Total(const ModelProfile& profile) {
  KindTotal total = {"total", 0, 0, 0, 0};
  for (const LayerProfile& layer : profile.layers) {
    ++total.layers;
    total.ms += layer.ms;
    total.gflop += layer.gflop;
    total.bytes += layer.bytes;
  }
  return total;
}

// No arithmetic is faster than arithmetic in registers, so such a ceiling is wrong. A few percent are noise.
bool AboveCeiling(const ModelProfile& profile) {
  return std::any_of(profile.layers.begin(), profile.layers.end(),
                     [](const LayerProfile& layer) { return layer.fma_share > 1.05; });
}

std::string CsvField(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field.append("\"");
}

Json LayerJson(const LayerProfile& layer) {
  return {{"name", layer.name},
          {"kind", layer.kind},
          {"kernel", layer.kernel},
          {"output", layer.output},
          {"inputs", layer.inputs},
          {"ms", layer.ms},
          {"gflop", layer.gflop},
          {"bytes", layer.bytes},
          {"fma_share", layer.fma_share},
          {"copy_share", layer.copy_share},
          {"bound_by", layer.bound_by_fma ? "fma" : "copy"}};
}

}  // namespace

std::vector<KindTotal> TotalsByKind(const ModelProfile& profile) {
  std::map<std::string, KindTotal> totals;
  for (const LayerProfile& layer : profile.layers) {
    KindTotal& total = totals[layer.kind];
    total.kind = layer.kind;
    ++total.layers;
    total.ms += layer.ms;
    total.gflop += layer.gflop;
    total.bytes += layer.bytes;
  }
  std::vector<KindTotal> sorted;
  sorted.reserve(totals.size());
  for (auto& [kind, total] : totals) sorted.push_back(std::move(total));
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.ms > b.ms; });
  return sorted;
}

std::vector<size_t> SlowestLayers(const ModelProfile& profile) {
  std::vector<size_t> order(profile.layers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return profile.layers[a].ms > profile.layers[b].ms; });
  return order;
}

double SumOfLayersMs(const ModelProfile& profile) { return Total(profile).ms; }

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t dim : shape) text += fmt::format("{}{}", text.empty() ? "" : "x", dim);
  return text;
}

void PrintProfile(const ModelProfile& profile, size_t slowest) {
  fmt::print("{} · {} · {}x{}\n", profile.model, profile.device, profile.height, profile.width);
  if (profile.ceilings.gflops > 0) {
    fmt::print("ceilings: {:.1f} GFLOP/s multiply-add, {:.1f} GB/s copy\n", profile.ceilings.gflops,
               profile.ceilings.copy_gbs);
  }
  PrintHeader("operator", "layers");
  for (const KindTotal& total : TotalsByKind(profile)) {
    PrintRow(profile, total.kind, std::to_string(total.layers), total);
  }
  const KindTotal total = Total(profile);
  PrintRow(profile, "total", std::to_string(total.layers), total);
  PrintHeader("slowest layers", "output");
  const std::vector<size_t> order = SlowestLayers(profile);
  for (size_t i = 0; i < std::min(slowest, order.size()); ++i) {
    const LayerProfile& layer = profile.layers[order[i]];
    PrintRow(profile, OneLine(layer.name), ShapeText(layer.output),
             {"", 1, layer.ms, layer.gflop, layer.bytes});
  }
  if (AboveCeiling(profile)) {
    fmt::print(
        "\nsome layers ran above the multiply-add ceiling: it was measured on a busy machine; see segforge "
        "doctor --refresh\n");
  }
  fmt::print("\nwhole run: median {:.2f} ms, min {:.2f} ms, p90 {:.2f} ms, noise {:.1f} %, {} runs\n",
             profile.run.median, profile.run.min, profile.run.p90, 100 * profile.run.noise, profile.run.runs);
}

std::string ProfileJson(const ModelProfile& profile) {
  Json json = {{"version", Version()},      {"model", profile.model},          {"device", profile.device},
               {"height", profile.height},  {"width", profile.width},          {"runs", profile.run.runs},
               {"min_ms", profile.run.min}, {"median_ms", profile.run.median}, {"p90_ms", profile.run.p90},
               {"noise", profile.run.noise}};
  json["ceilings"] = profile.ceilings.gflops > 0 ? Json{{"threads", profile.ceilings.threads},
                                                        {"fma_gflops", profile.ceilings.gflops},
                                                        {"copy_gbs", profile.ceilings.copy_gbs}}
                                                 : Json();
  json["kinds"] = Json::array();
  for (const KindTotal& total : TotalsByKind(profile)) {
    json["kinds"].push_back({{"kind", total.kind},
                             {"layers", total.layers},
                             {"ms", total.ms},
                             {"gflop", total.gflop},
                             {"bytes", total.bytes}});
  }
  json["layers"] = Json::array();
  for (const LayerProfile& layer : profile.layers) json["layers"].push_back(LayerJson(layer));
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

std::string ProfileCsv(const ModelProfile& profile) {
  std::string csv = "layer,kind,kernel,output,ms,gflop,bytes,fma_share,copy_share,bound_by\n";
  for (const LayerProfile& layer : profile.layers) {
    csv += fmt::format("{},{},{},{},{:.6f},{:.6f},{:.0f},{:.4f},{:.4f},{}\n", CsvField(layer.name),
                       layer.kind, layer.kernel, ShapeText(layer.output), layer.ms, layer.gflop, layer.bytes,
                       layer.fma_share, layer.copy_share, layer.bound_by_fma ? "fma" : "copy");
  }
  return csv;
}

}  // namespace segforge::cli
