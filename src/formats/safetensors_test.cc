#include "formats/safetensors.h"

#include <gmock/gmock.h>

#include "formats/test_bytes.h"
#include "formats/test_files.h"

namespace segforge {
namespace {

using testing::HasSubstr;
using namespace testing_bytes;

Status StatusOf(const std::string& header, const std::string& data = "") {
  const std::string file = Safetensors(header, data);
  return SafetensorsFromBytes(Borrow(file)).status();
}

std::string Row(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const std::string file =
      Safetensors(R"({"__metadata__":{"format":"pt"},"b":)" + Row("F32", "[2,1]", "[4,12]") + R"(,"a":)" +
                      Row("BF16", "[]", "[0,2]") + R"(,"none":)" + Row("I64", "[0,3]", "[12,12]") + "}  ",
                  Raw(uint32_t{0x3F80}) + Raw(1.5f) + Raw(-2.0f));
  const auto checkpoint = SafetensorsFromBytes(Borrow(file));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  ASSERT_EQ(checkpoint->tensors.size(), 3u);
  EXPECT_EQ(checkpoint->tensors[0].name, "a");
  EXPECT_EQ(ToFloat32(*checkpoint->Find("a")).span<float>()[0], 1.0f);
  EXPECT_THAT(ToFloat32(*checkpoint->Find("b")).span<float>(), testing::ElementsAre(1.5f, -2.0f));
  EXPECT_EQ(checkpoint->Find("b")->shape, (Shape{2, 1}));
  EXPECT_EQ(checkpoint->Find("none")->shape, (Shape{0, 3}));
  EXPECT_EQ(checkpoint->Find("c"), nullptr);
  ASSERT_EQ(checkpoint->metadata.size(), 1u);
  EXPECT_EQ(checkpoint->metadata[0].second, "pt");
}

TEST(Safetensors, ViewsTheBytesItWasGiven) {
  const std::string file = Safetensors(R"({"a":)" + Row("U8", "[3]", "[0,3]") + "}", "xyz");
  const auto checkpoint = SafetensorsFromBytes(Borrow(file));
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->Find("a")->data, file.data() + file.size() - 3);
}

TEST(Safetensors, NamesWhatIsWrong) {
  const std::string twelve(12, '\0');
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F32", "[3]", "[0,8]") + "}", twelve).message(),
              HasSubstr("tensor \"a\": expected 12 bytes for f32 [3], got 8"));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F32", "[4]", "[0,16]") + "}", twelve).message(),
              HasSubstr("exceed the 12 bytes of data"));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F32", "[1]", "[4,0]") + "}", twelve).message(),
              HasSubstr("not a begin and an end"));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F8_E4M3", "[1]", "[0,1]") + "}", twelve).message(),
              HasSubstr("\"F8_E4M3\""));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F32", "[-1]", "[0,4]") + "}", twelve).message(), HasSubstr("shape"));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F32", "[1.0]", "[0,4]") + "}", twelve).message(), HasSubstr("shape"));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F32", "[4294967296,4294967296]", "[0,0]") + "}", twelve).message(),
              HasSubstr("too many elements"));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("F32", "[18446744073709551615]", "[0,0]") + "}", twelve).message(),
              HasSubstr("shape"));
  EXPECT_THAT(StatusOf("{\"a\":" + Row("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") + "}", twelve).message(),
              HasSubstr("rank 9"));
  EXPECT_THAT(StatusOf("{\"a\\n\":" + Row("U8", "[1]", "[0,1]") + "}", twelve).message(),
              HasSubstr("a\\x0a"));
  EXPECT_THAT(StatusOf("{\"a\":7}").message(), HasSubstr("tensor \"a\""));
  EXPECT_THAT(StatusOf("{\"__metadata__\":{\"k\":1}}").message(), HasSubstr("not a string"));
  EXPECT_THAT(StatusOf("[]").message(), HasSubstr("not a JSON object"));
  EXPECT_THAT(StatusOf("{\"a\":").message(), HasSubstr("malformed JSON"));
}

TEST(Safetensors, RefusesOverlapsAndDuplicates) {
  const std::string row = Row("U8", "[4]", "[0,4]");
  EXPECT_THAT(StatusOf("{\"a\":" + row + ",\"b\":" + Row("U8", "[4]", "[3,7]") + "}", "01234567").message(),
              HasSubstr("\"a\" and \"b\" overlap"));
  EXPECT_THAT(StatusOf("{\"a\":" + row + ",\"b\":" + row + "}", "0123").message(), HasSubstr("overlap"));
  EXPECT_THAT(StatusOf("{\"a\":" + row + ",\"a\":" + row + "}", "0123").message(),
              HasSubstr("\"a\" occurs twice"));
  EXPECT_TRUE(
      StatusOf("{\"a\":" + row + ",\"b\":" + Row("U8", "[2]", "[6,8]") + "}", "01234567").ok());  // a hole
}

TEST(Safetensors, RefusesHostileHeaders) {
  const std::string huge = Raw(uint64_t{100'000'001}) + "{}";
  EXPECT_THAT(SafetensorsFromBytes(Borrow(huge)).status().message(), HasSubstr("exceeds 100000000"));
  const std::string wrapping = Raw(UINT64_MAX) + "{}";
  EXPECT_FALSE(SafetensorsFromBytes(Borrow(wrapping)).ok());
  EXPECT_THAT(StatusOf("{\"a\":" + std::string(1'000'000, '[')).message(), HasSubstr("nested deeper"));
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string file = Safetensors("{\"a\":" + Row("F32", "[2]", "[0,8]") + "}", "01234567");
  for (size_t length = 0; length < file.size(); ++length) {
    const std::string cut = file.substr(0, length);
    const Status status = SafetensorsFromBytes(Borrow(cut)).status();
    EXPECT_FALSE(status.ok()) << length;
    EXPECT_TRUE(IsOneLine(status.message())) << status.message();
  }
}

TEST(Safetensors, SurvivesMutations) {
  const std::string file = Safetensors("{\"__metadata__\":{\"k\":\"v\"},\"a\":" + Row("F32", "[2]", "[0,8]") +
                                           ",\"b\":" + Row("I8", "[4]", "[8,12]") + "}",
                                       "0123456789ab");
  Mutator mutator(1);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string changed = mutator.Mutate(file);
    const auto checkpoint = SafetensorsFromBytes(Borrow(changed));
    if (checkpoint.ok()) {
      for (const NamedTensor& tensor : checkpoint->tensors) ToFloat32(tensor.tensor);
    } else {
      ++refused;
      EXPECT_TRUE(IsOneLine(checkpoint.status().message())) << checkpoint.status().message();
    }
  }
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace segforge
