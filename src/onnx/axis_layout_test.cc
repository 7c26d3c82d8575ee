#include "onnx/axis_layout.h"

#include <gmock/gmock.h>

namespace segforge {
namespace {

using testing::ElementsAre;

using Sizes = std::vector<int64_t>;

// [2, 6, 8, 32] as the graph keeps it, seen as ONNX's [N, C, H, W].
AxisLayout MapValue() {
  const Sizes sizes = {2, 6, 8, 32};
  return AxisLayout(sizes).Transposed(Sizes{0, 3, 1, 2}).value();
}

TEST(AxisLayout, FlatteningAMapAndBackIsNoWork) {
  const AxisLayout map = MapValue();
  EXPECT_TRUE(map.IsChannelsFirst());
  const AxisLayout flat = map.Reshaped(Sizes{2, 32, 48}).value();
  const AxisLayout tokens = flat.Transposed(Sizes{0, 2, 1}).value();
  EXPECT_THAT(tokens.SeenShape(), ElementsAre(2, 48, 32));
  EXPECT_TRUE(tokens.IsChannelsLast());
  EXPECT_FALSE(flat.IsChannelsLast());
  const AxisLayout back = tokens.Transposed(Sizes{0, 2, 1}).value().Reshaped(Sizes{2, 32, 6, 8}).value();
  EXPECT_TRUE(back.IsChannelsFirst());
  EXPECT_EQ(back.Pieces(), map.Pieces());
}

TEST(AxisLayout, HeadsAreAPartOfTheChannels) {
  const AxisLayout tokens = MapValue().Reshaped(Sizes{2, 32, 48}).value().Transposed(Sizes{0, 2, 1}).value();
  const AxisLayout heads = tokens.Reshaped(Sizes{2, 48, 4, 8}).value();
  EXPECT_FALSE(heads.IsChannels(-1));
  EXPECT_EQ(heads.stored().back().size(), 2u);
  const AxisLayout moved = heads.Transposed(Sizes{0, 2, 1, 3}).value();
  EXPECT_THAT(moved.SeenShape(), ElementsAre(2, 4, 48, 8));
  EXPECT_FALSE(moved.KeepsStoredAxes());
  const AxisLayout back = moved.Transposed(Sizes{0, 2, 1, 3}).value().Reshaped(Sizes{2, 48, 32}).value();
  EXPECT_TRUE(back.IsChannelsLast());
  EXPECT_EQ(back.Pieces(), tokens.Pieces());
}

TEST(AxisLayout, AxesOfOneComeAndGo) {
  const AxisLayout tokens = MapValue().Reshaped(Sizes{2, 32, 48}).value().Transposed(Sizes{0, 2, 1}).value();
  const AxisLayout one_head = tokens.Reshaped(Sizes{2, 48, 1, 32}).value();
  EXPECT_THAT(one_head.SeenShape(), ElementsAre(2, 48, 1, 32));
  EXPECT_EQ(one_head.Reshaped(Sizes{2, 48, 32}).value().Pieces(), tokens.Pieces());
}

TEST(AxisLayout, AnotherOrderOfRowsAndColumnsIsAnotherLayout) {
  const AxisLayout map = MapValue();
  EXPECT_NE(map.Transposed(Sizes{0, 1, 3, 2}).value().Pieces(), map.Pieces());
  EXPECT_FALSE(map.Transposed(Sizes{0, 1, 3, 2}).value().IsChannelsFirst());
  // [N,C,H,W] read as [N,H*W,C] without a transpose mixes channels and pixels.
  EXPECT_FALSE(map.Reshaped(Sizes{2, 48, 32}).ok());
}

TEST(AxisLayout, RefusesShapesOfOtherElements) {
  EXPECT_FALSE(MapValue().Reshaped(Sizes{2, 32, 47}).ok());
  EXPECT_FALSE(MapValue().Reshaped(Sizes{2, 32}).ok());
  EXPECT_FALSE(MapValue().Reshaped(Sizes{2, 32, 48, 2}).ok());
  EXPECT_FALSE(MapValue().Reshaped(Sizes{0, 32, 48}).ok());
  EXPECT_FALSE(MapValue().Transposed(Sizes{0, 1, 1, 2}).ok());
}

}  // namespace
}  // namespace segforge
