#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "segforge/files.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelInfo Classes(int64_t count) {
  ModelInfo model;
  model.classes = count;
  for (int64_t i = 0; i < count; ++i) model.class_names.push_back("class " + std::to_string(i));
  return model;
}

class LabelMapFile : public ::testing::Test {
 protected:
  ~LabelMapFile() override { std::filesystem::remove(path_); }
  LabelMap Load(const std::string& text) {
    std::ofstream(path_) << text;
    return LoadLabelMap(path_, Classes(3));
  }
  void ExpectRefused(const std::string& text, const std::string& why) {
    try {
      Load(text);
      ADD_FAILURE() << "expected an error: " << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
      EXPECT_THAT(error.what(), HasSubstr(path_));
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  }
  std::string path_ =
      (std::filesystem::temp_directory_path() / ("segforge_map_" + std::to_string(getpid()))).string();
};

TEST_F(LabelMapFile, MayBeTextOrJson) {
  for (const char* text :
       {"# from to\n2 9\n\n0 7 road\r\n1 300\n", R"({"2": 9, "0": 7, "1": 300})", "[7, 300, 9]"}) {
    const LabelMap map = Load(text);
    EXPECT_THAT(map.to, ElementsAre(7, 300, 9)) << text;
    EXPECT_EQ(map.ignored, 255) << text;
  }
  EXPECT_EQ(Load("0 1\n1 2\n2 3\n255 0\n").ignored, 0);
}

TEST_F(LabelMapFile, IsChecked) {
  ExpectRefused("0 1\n1 2\n", "label 2 (class 2): is missing");
  ExpectRefused("0 1\n1 2\n2 3\n1 4\n", "line 4: label 1: is given twice");
  ExpectRefused("0 1\n1 2\n3 3\n", "line 3: label 3: expected one of the model's 0 to 2");
  ExpectRefused("0 1\n1 two\n", "line 2: expected two numbers");
  ExpectRefused("0 65536\n", "expected to become 0 to 65535, got 65536");
  ExpectRefused("[1, 2, -3]", "label 2: expected to become 0 to 65535, got -3");
  ExpectRefused("[1, 2, 3.5]", "label 2: expected a whole number");
  ExpectRefused(R"({"0": 1, "one": 2})", "expected a label as each key");
  ExpectRefused("[1, 2", "");
}

TEST(LabelConventions, MapLabelsAndColours) {
  Segmentation result;
  result.height = 1;
  result.width = 4;
  result.labels8 = {1, 0, 255, 2};
  const LabelMap zero = ReducedZeroLabels(Classes(3));
  EXPECT_THAT(MapLabels(result, zero).labels8, ElementsAre(2, 1, 0, 3));
  const Segmentation wide = MapLabels(result, {{7, 300, 9}, 255});
  EXPECT_THAT(wide.labels16, ElementsAre(300, 7, 255, 9));
  EXPECT_TRUE(wide.labels8.empty());
  LabelColors colors;
  colors.rgb = {{1, 1, 1}, {2, 2, 2}, {3, 3, 3}};
  EXPECT_EQ(MapColors(colors, zero).rgb.at(3), colors.rgb[2]);
}

TEST(LabelConventions, CityscapesIdsNeedItsClasses) {
  const LabelMap map = CityscapesLabelIds(Classes(19));
  EXPECT_EQ(map.to.front(), 7);  // road
  EXPECT_EQ(map.to.at(13), 26);  // car
  EXPECT_EQ(map.to.back(), 33);  // bicycle
  EXPECT_EQ(map.ignored, 0);
  EXPECT_THROW(CityscapesLabelIds(Classes(11)), Error);
}

}  // namespace
}  // namespace segforge
