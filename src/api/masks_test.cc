#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "segforge/files.h"

namespace segforge {
namespace {

using Json = nlohmann::json;

// 1 1 1 255
// 1 0 1 255
// 1 1 1 0
class Masks : public ::testing::Test {
 protected:
  Masks() {
    result_.height = 3;
    result_.width = 4;
    result_.labels8 = {1, 1, 1, 255, 1, 0, 1, 255, 1, 1, 1, 0};
    model_.classes = 3;
    model_.class_names = {"road", "car", "sky"};
  }
  static Json Parse(const FileBytes& bytes) {
    return Json::parse(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  Segmentation result_;
  ModelInfo model_;
};

TEST_F(Masks, RunLengthsAreOfTheClassesThatOccur) {
  EXPECT_EQ(Parse(EncodeRunLengths(result_, model_)), Json::parse(R"({"size": [3, 4], "classes": [
      {"label": 0, "name": "road", "area": 2, "counts": [4, 1, 6, 1]},
      {"label": 1, "name": "car", "area": 8, "counts": [0, 4, 1, 4, 3]}]})"));
}

TEST_F(Masks, CocoHasPolygonsAndRunLengthsWhereThereAreHoles) {
  const Json coco = Parse(EncodeCoco(result_, model_, "a.png"));
  EXPECT_EQ(coco.at("images"), Json::parse(R"([{"id": 1, "file_name": "a.png", "height": 3, "width": 4}])"));
  EXPECT_EQ(coco.at("annotations"), Json::parse(R"([
      {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 3, 3], "area": 8, "iscrowd": 0,
       "segmentation": {"size": [3, 4], "counts": [0, 4, 1, 4, 3]}},
      {"id": 2, "image_id": 1, "category_id": 0, "bbox": [1, 1, 1, 1], "area": 1, "iscrowd": 0,
       "segmentation": [[1, 1, 2, 1, 2, 2, 1, 2]]},
      {"id": 3, "image_id": 1, "category_id": 0, "bbox": [3, 2, 1, 1], "area": 1, "iscrowd": 0,
       "segmentation": [[3, 2, 4, 2, 4, 3, 3, 3]]}])"));
  EXPECT_EQ(coco.at("categories").size(), 3U);
}

TEST_F(Masks, GeoJsonHasHoles) {
  const Json features = Parse(EncodeGeoJson(result_, model_)).at("features");
  ASSERT_EQ(features.size(), 3U);
  EXPECT_EQ(features[0].at("properties"), Json::parse(R"({"label": 1, "name": "car", "area": 8})"));
  EXPECT_EQ(features[0].at("geometry"), Json::parse(R"({"type": "Polygon", "coordinates": [
      [[0, 0], [3, 0], [3, 3], [0, 3], [0, 0]],
      [[1, 2], [2, 2], [2, 1], [1, 1], [1, 2]]]})"));
}

}  // namespace
}  // namespace segforge
