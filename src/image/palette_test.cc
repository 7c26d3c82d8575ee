#include "image/palette.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace segforge {
namespace {

using testing::HasSubstr;

TEST(Palette, BuiltInTablesHaveTheirClasses) {
  const auto cityscapes = NamedPalette("cityscapes");
  ASSERT_TRUE(cityscapes.ok());
  ASSERT_EQ(cityscapes->colors.size(), 19u);
  EXPECT_EQ(cityscapes->names[13], "car");
  EXPECT_EQ(cityscapes->colors[13], (Rgb{0, 0, 142}));
  const auto ade20k = NamedPalette("ade20k");
  ASSERT_TRUE(ade20k.ok());
  ASSERT_EQ(ade20k->colors.size(), 150u);
  EXPECT_EQ(ade20k->names[149], "flag");
  EXPECT_EQ(ade20k->colors[149], (Rgb{92, 0, 255}));
  const auto camvid = NamedPalette("camvid");
  ASSERT_TRUE(camvid.ok());
  ASSERT_EQ(camvid->colors.size(), 11u);
  EXPECT_EQ(camvid->names[3], "road");
  EXPECT_EQ(camvid->colors[3], (Rgb{128, 64, 128}));
  EXPECT_THAT(NamedPalette("pastel").status().message(), HasSubstr("cityscapes, ade20k, camvid"));
}

TEST(Palette, GeneratedColoursAreVocsAndDistinct) {
  const std::vector<Rgb> colors = GeneratedPalette(65536).colors;
  EXPECT_EQ(colors[1], (Rgb{128, 0, 0}));
  EXPECT_EQ(colors[15], (Rgb{192, 128, 128}));
  std::set<uint32_t> seen;
  for (const Rgb& c : colors) seen.insert(uint32_t{c.r} << 16 | uint32_t{c.g} << 8 | c.b);
  EXPECT_EQ(seen.size(), colors.size());
}

TEST(Palette, ReadsLines) {
  const auto palette = ParsePalette("; classes\n128 64 128 road\r\n\n  #ff8000 \ttraffic cone \n0,0,255\n");
  ASSERT_TRUE(palette.ok()) << palette.status().message();
  EXPECT_EQ(palette->colors, (std::vector<Rgb>{{128, 64, 128}, {255, 128, 0}, {0, 0, 255}}));
  EXPECT_EQ(palette->names, (std::vector<std::string>{"road", "traffic cone", ""}));
  EXPECT_TRUE(ParsePalette("1 2 3\n4 5 6")->names.empty());
}

TEST(Palette, ReadsJson) {
  const auto palette = ParsePalette(" [[1, 2, 3], [255, 0, 9]]\n");
  ASSERT_TRUE(palette.ok()) << palette.status().message();
  EXPECT_EQ(palette->colors, (std::vector<Rgb>{{1, 2, 3}, {255, 0, 9}}));
}

TEST(Palette, RefusesBrokenText) {
  for (const char* text :
       {"", "\n\n", "[]", "[[1,2,3]", "[[1,2]]", "[[1,2,256]]", "[[1,2,-1]]", "[[1,2,0.5]]", "1 2", "1 2 256",
        "1 2 -3", "#12345", "#1234567", "#12345g", "road 1 2 3", "1 2 3road"}) {
    EXPECT_FALSE(ParsePalette(text).ok()) << text;
  }
  EXPECT_THAT(ParsePalette("1 2 3\nred").status().message(), HasSubstr("line 2"));
}

TEST(Palette, FileErrorsNameTheFile) {
  const std::string path = testing::TempDir() + "segforge_broken_palette.txt";
  std::ofstream(path) << "red";
  EXPECT_THAT(LoadPalette(path).status().message(), HasSubstr(path));
  EXPECT_THAT(LoadPalette("/nowhere/p.txt").status().message(), HasSubstr("/nowhere/p.txt"));
}

TEST(Palette, ShortPalettesAreContinued) {
  const std::vector<Rgb> colors = ColorsFor({{{1, 2, 3}}, {}}, 3);
  const std::vector<Rgb> generated = GeneratedPalette(3).colors;
  EXPECT_EQ(colors, (std::vector<Rgb>{{1, 2, 3}, generated[1], generated[2]}));
  EXPECT_EQ(ColorsFor(GeneratedPalette(9), 2).size(), 2u);
}

}  // namespace
}  // namespace segforge
