#include "ir/parse_dim.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

TEST(ParseDim, ReadsWhatIsPrinted) {
  const Dim h = Dim::H(), w = Dim::W(), n = Dim::N();
  const Dim quarter = CeilDiv(h, 4);
  for (const Dim& dim :
       {Dim(0), Dim(1), Dim(2048), h, w * n, quarter, FloorDiv(quarter, 8), FloorDiv(quarter + (-7), 4) + 1,
        h * h * 3 + w * -2 + 5, w * -1, FloorDiv(h * 2 + w, 3), quarter * CeilDiv(w, 4) * n,
        ConvOutput(ConvOutput(h, 7, 4, 3), 3, 3, 0), CeilDiv(FloorDiv(h + 1, 2), 2)}) {
    const Result<Dim> read = ParseDim(dim.ToString());
    ASSERT_TRUE(read.ok()) << dim.ToString();
    EXPECT_EQ(*read, dim);
    EXPECT_EQ(read->Evaluate({2, 97, 131}), dim.Evaluate({2, 97, 131}));
  }
}

TEST(ParseDim, RefusesEverythingElse) {
  for (const std::string text : {"",
                                 "X",
                                 "h",
                                 " H",
                                 "H ",
                                 "H*",
                                 "*H",
                                 "H+W",
                                 "1 + H",
                                 "H + H",
                                 "1*H",
                                 "0*H",
                                 "+1",
                                 "--1",
                                 "- 1",
                                 "00",
                                 "01",
                                 "ceil(H/4",
                                 "ceil(H)",
                                 "ceil(H/0)",
                                 "ceil(H/-4)",
                                 "ceil((H)/4)",
                                 "ceil(H/4)x",
                                 "ceil(4/H)",
                                 "ceil(H/1)",
                                 "round(H/4)",
                                 "9999999999",
                                 "99999999999999999999",
                                 "ceil(H/99999)",
                                 "H\n",
                                 "ceil(floor(ceil(floor(H/2)/2)/2)/2)"}) {
    EXPECT_FALSE(ParseDim(text).ok()) << text;
  }
  std::string deep = "H";
  for (int i = 0; i < 100000; ++i) deep = "ceil(" + deep.substr(0, 100);
  EXPECT_FALSE(ParseDim(deep).ok());
  EXPECT_FALSE(ParseDim(std::string(1000, '(')).ok());
}

// A size that no memory holds must stay one.
TEST(Dim, StaysLargeWhereItOverflows) {
  Dim large = int64_t{1} << 40;
  for (int i = 0; i < 3; ++i) large = large * large;
  EXPECT_EQ(large.constant(), std::numeric_limits<int64_t>::max());
  const Dim fourth = Dim::H() * Dim::H() * Dim::H() * Dim::H();
  EXPECT_EQ(fourth.Evaluate({1, int64_t{1} << 40, 1}), std::numeric_limits<int64_t>::max());
  EXPECT_EQ((fourth + fourth).Evaluate({1, int64_t{1} << 40, 1}), std::numeric_limits<int64_t>::max());
}

}  // namespace
}  // namespace segforge
