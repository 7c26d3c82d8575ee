// Masks of classes as JSON: run lengths and polygons.
#include <nlohmann/json.hpp>

#include "api/error.h"
#include "api/label_image.h"
#include "base/memory.h"
#include "image/polygons.h"
#include "segforge/files.h"

namespace segforge {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int64_t kTracingBytes = 16;  // a pixel, at most but for maps that are all corners

ConstTensorView CheckedLabels(const Segmentation& result) {
  const Shape shape = {result.height, result.width};
  const size_t values = std::max(result.labels8.size(), result.labels16.size());
  if (values == 0 || static_cast<int64_t>(values) != shape.elems()) {
    Throw(InvalidInput("labels: expected {} values, got {}", shape.elems(), values));
  }
  if (result.labels16.empty()) return {result.labels8.data(), DType::kU8, shape};
  return {result.labels16.data(), DType::kU16, shape};
}

int IgnoredLabel(const Segmentation& result) { return result.labels16.empty() ? kIgnored8 : kIgnored16; }

// File names need not be UTF-8, which JSON must be.
FileBytes Bytes(const OrderedJson& json) {
  const std::string text = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return FileBytes(data, data + text.size());
}

std::vector<LabelPolygon> Polygons(const Segmentation& result) {
  ThrowIfError(CheckMemory(result.height * result.width * kTracingBytes, "polygons"));
  return TracePolygons(CheckedLabels(result), IgnoredLabel(result));
}

const std::string& NameOf(const ModelInfo& model, int label) {
  return model.class_names.at(static_cast<size_t>(label));
}

OrderedJson FlatRing(const Ring& ring) {
  OrderedJson flat = OrderedJson::array();
  for (const Corner& corner : ring) {
    flat.push_back(corner.x);
    flat.push_back(corner.y);
  }
  return flat;
}

// COCO's polygons know no holes, so a region with some is given as run lengths.
OrderedJson CocoSegmentation(const LabelPolygon& polygon, const Segmentation& region_mask) {
  if (polygon.rings.size() == 1) return OrderedJson::array({FlatRing(polygon.rings.front())});
  return {{"size", {region_mask.height, region_mask.width}},
          {"counts", RunLengths(CheckedLabels(region_mask), 1)}};
}

// 1 where the polygon's pixels are, found by the parity of vertical edges to the left.
Segmentation MaskOf(const LabelPolygon& polygon, const Segmentation& result) {
  Segmentation mask;
  mask.height = result.height;
  mask.width = result.width;
  if (polygon.rings.size() == 1) return mask;
  mask.labels8.assign(static_cast<size_t>(mask.height * mask.width), 0);
  for (const Ring& ring : polygon.rings) {
    for (size_t i = 0; i < ring.size(); ++i) {
      const Corner a = ring[i];
      const Corner b = ring[(i + 1) % ring.size()];
      if (a.x != b.x || a.x >= mask.width) continue;
      for (int32_t y = std::min(a.y, b.y); y < std::max(a.y, b.y); ++y)
        mask.labels8[static_cast<size_t>(y * mask.width + a.x)] ^= 1;
    }
  }
  for (int64_t y = 0; y < mask.height; ++y) {
    uint8_t* row = mask.labels8.data() + y * mask.width;
    for (int64_t x = 1; x < mask.width; ++x) row[x] ^= row[x - 1];
  }
  return mask;
}

OrderedJson GeoRing(const Ring& ring) {
  OrderedJson points = OrderedJson::array();
  for (const Corner& corner : ring) points.push_back({corner.x, corner.y});
  points.push_back({ring.front().x, ring.front().y});  // GeoJSON repeats the first
  return points;
}

}  // namespace

FileBytes EncodeRunLengths(const Segmentation& result, const ModelInfo& model) {
  const ConstTensorView labels = CheckedLabels(result);
  const std::vector<int64_t> pixels = CountPixels(result, model.classes);
  OrderedJson json = {{"size", {result.height, result.width}}, {"classes", OrderedJson::array()}};
  for (int label = 0; label < static_cast<int>(model.classes); ++label) {
    const int64_t area = pixels[static_cast<size_t>(label)];
    if (area == 0) continue;
    json["classes"].push_back({{"label", label},
                               {"name", NameOf(model, label)},
                               {"area", area},
                               {"counts", RunLengths(labels, label)}});
  }
  return Bytes(json);
}

FileBytes EncodeCoco(const Segmentation& result, const ModelInfo& model, const std::string& image) {
  OrderedJson json = {
      {"images", {{{"id", 1}, {"file_name", image}, {"height", result.height}, {"width", result.width}}}},
      {"annotations", OrderedJson::array()},
      {"categories", OrderedJson::array()}};
  for (const LabelPolygon& polygon : Polygons(result)) {
    json["annotations"].push_back({{"id", json["annotations"].size() + 1},
                                   {"image_id", 1},
                                   {"category_id", polygon.label},
                                   {"bbox", polygon.box},
                                   {"area", polygon.pixels},
                                   {"iscrowd", 0},
                                   {"segmentation", CocoSegmentation(polygon, MaskOf(polygon, result))}});
  }
  for (int label = 0; label < static_cast<int>(model.classes); ++label) {
    json["categories"].push_back({{"id", label}, {"name", NameOf(model, label)}});
  }
  return Bytes(json);
}

FileBytes EncodeGeoJson(const Segmentation& result, const ModelInfo& model) {
  OrderedJson json = {{"type", "FeatureCollection"}, {"features", OrderedJson::array()}};
  for (const LabelPolygon& polygon : Polygons(result)) {
    OrderedJson rings = OrderedJson::array();
    for (const Ring& ring : polygon.rings) rings.push_back(GeoRing(ring));
    json["features"].push_back(
        {{"type", "Feature"},
         {"properties",
          {{"label", polygon.label}, {"name", NameOf(model, polygon.label)}, {"area", polygon.pixels}}},
         {"geometry", {{"type", "Polygon"}, {"coordinates", std::move(rings)}}}});
  }
  return Bytes(json);
}

}  // namespace segforge
