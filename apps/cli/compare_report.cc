#include "compare_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

const char* Verdict(bool good) { return good ? "Good" : "Bad"; }

const char* Verdict(const CompareReport& report, size_t good) {
  if (good < report.images.size()) return "Bad";
  return report.failures.empty() ? "Good" : "Failed";
}

// The image that is furthest from its limits.
const ComparedImage& Worst(const CompareReport& report) {
  const auto badness = [&](const ComparedImage& image) {
    const double r0 = image.difference.logits ? image.difference.logits->r0 : 0;
    return std::max(image.difference.a0 / std::max(report.max_a0, 1e-12),
                    r0 / std::max(report.max_r0, 1e-12));
  };
  return *std::max_element(
      report.images.begin(), report.images.end(),
      [&](const ComparedImage& a, const ComparedImage& b) { return badness(a) < badness(b); });
}

void PrintClassIou(const CompareReport& report) {
  fmt::print("per-class IoU between the two:\n");
  for (size_t c = 0; c < report.total.class_iou.size(); ++c) {
    const auto& iou = report.total.class_iou[c];
    if (!iou) continue;
    fmt::print("  {:>3} {:<20} {:>8.4f} %\n", c, OneLine(report.model.class_names[c]), 100 * *iou);
  }
}

void PrintLogits(const Difference& total) {
  if (!total.logits) return;
  const LogitDifference& logits = *total.logits;
  fmt::print(
      "logits    r0 {:.2e}; error max {:.3g}, mean {:.3g}, p50 {:.3g}, p99 {:.3g}, p99.9 {:.3g}; "
      "cosine {:.9f}\n",
      logits.r0, logits.max_error, logits.mean_error, logits.p50_error, logits.p99_error, logits.p999_error,
      logits.cosine);
}

Json DifferenceJson(const Difference& difference) {
  Json json = {{"pixels", difference.pixels}, {"flipped", difference.flipped}, {"a0", difference.a0}};
  json["border"] = {
      {"distance_px", 3}, {"pixels", difference.border_pixels}, {"flipped", difference.border_flipped}};
  json["inside"] = {{"pixels", difference.pixels - difference.border_pixels},
                    {"flipped", difference.flipped - difference.border_flipped}};
  json["mean_iou"] = difference.mean_iou;
  json["class_iou"] = Json::array();
  for (const auto& iou : difference.class_iou) json["class_iou"].push_back(OrNull(iou));
  if (const auto& logits = difference.logits) {
    json["logits"] = {{"r0", logits->r0},
                      {"max_error", logits->max_error},
                      {"mean_error", logits->mean_error},
                      {"p50_error", logits->p50_error},
                      {"p99_error", logits->p99_error},
                      {"p99.9_error", logits->p999_error},
                      {"cosine", logits->cosine}};
  }
  if (const auto& margin = difference.margin)
    json["flipped_margin"] = {{"median", margin->median}, {"max", margin->max}};
  return json;
}

}  // namespace

void PrintCompareHeader(const CompareReport& report) {
  fmt::print("candidate  {}\nreference  {}\n\n", OneLine(report.candidate), OneLine(report.reference));
  fmt::print("{:>2} | {:>8} | {:>10} | {:>8} | {:>8} | {:<8} | image\n", "bs", "lt (ms)", "tp (img/s)", "a0",
             "r0", "Good/Bad");
}

void PrintCompareRow(const ComparedImage& image) {
  const auto& logits = image.difference.logits;
  const double per_second = image.latency_ms > 0 ? 1000 / image.latency_ms : 0;
  fmt::print("{:>2} | {:>8.1f} | {:>10.2f} | {:>8.2e} | {:>8} | {:<8} | {}\n", 1, image.latency_ms,
             per_second, image.difference.a0, logits ? fmt::format("{:.2e}", logits->r0) : "-",
             Verdict(image.good), OneLine(image.image));
}

void PrintCompareSummary(const CompareReport& report) {
  const auto good = static_cast<size_t>(std::count_if(report.images.begin(), report.images.end(),
                                                      [](const ComparedImage& image) { return image.good; }));
  fmt::print("\n{}: {} of {} Good (a0 <= {:g}, r0 <= {:g}), {} Bad, {} failed\n", Verdict(report, good), good,
             report.images.size() + report.failures.size(), report.max_a0, report.max_r0,
             report.images.size() - good, report.failures.size());
  if (report.images.empty()) return;
  const Difference& total = report.total;
  const int64_t inside = total.pixels - total.border_pixels;
  const int64_t inside_flipped = total.flipped - total.border_flipped;
  fmt::print("labels    a0 {:.2e} ({} of {} pixels); worst image {}\n", total.a0, total.flipped, total.pixels,
             OneLine(Worst(report).image));
  fmt::print(
      "borders   {} of {} pixels differ within 3 px of a class border ({:.2e}), {} of {} inside ({:.2e})\n",
      total.border_flipped, total.border_pixels, Share(total.border_flipped, total.border_pixels),
      inside_flipped, inside, Share(inside_flipped, inside));
  PrintLogits(total);
  if (total.margin) {
    fmt::print(
        "margin    where labels differ, the reference's two greatest logits (upsampled) are {:.3g} apart "
        "(median), {:.3g} at most\n",
        total.margin->median, total.margin->max);
  }
  fmt::print("mIoU      {:.4f} % between the two\n", 100 * total.mean_iou);
  PrintClassIou(report);
}

std::string CompareJson(const CompareReport& report) {
  Json json = {{"good", report.good},
               {"candidate", report.candidate},
               {"reference", report.reference},
               {"limits", {{"a0", report.max_a0}, {"r0", report.max_r0}}}};
  json["class_names"] = report.model.class_names;
  json["images"] = Json::array();
  for (const ComparedImage& image : report.images) {
    Json row = {{"image", image.image}, {"good", image.good}, {"batch", 1}, {"latency_ms", image.latency_ms}};
    row.update(DifferenceJson(image.difference));
    json["images"].push_back(std::move(row));
  }
  for (const auto& [image, message] : report.failures)
    json["images"].push_back({{"image", image}, {"error", message}});
  if (!report.images.empty()) {
    json["summary"] = DifferenceJson(report.total);
    json["summary"]["worst_image"] = Worst(report).image;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace segforge::cli
