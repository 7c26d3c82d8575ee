#include "formats/npy.h"

#include <gmock/gmock.h>

#include "formats/test_bytes.h"
#include "formats/test_files.h"

namespace segforge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace testing_bytes;

std::string Npy(const std::string& header, const std::string& data) {
  return "\x93NUMPY\x01" + std::string(1, '\0') + Raw(static_cast<uint16_t>(header.size())) + header + data;
}

Status StatusOf(const std::string& header, const std::string& data = "") {
  const std::string file = Npy(header, data);
  return NpyFromBytes(Borrow(file), "a").status();
}

TEST(Npy, ReadsWhatNumpyWrote) {
  for (const char* name : {"v2.npy", "v3.npy"}) {  // the second is in Fortran order
    const std::string file = ReadStored(name);
    const auto array = NpyFromBytes(Borrow(file), "a");
    ASSERT_TRUE(array.ok()) << array.status().message();
    EXPECT_EQ(array->Find("a")->shape, (Shape{2, 3}));
    EXPECT_THAT(ToFloat32(*array->Find("a")).span<float>(), ElementsAre(0, 1, 2, 3, 4, 5));
  }
}

TEST(Npy, ReadsArchives) {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const std::string file = ReadStored(name);
    const auto arrays = NpzFromBytes(Borrow(file));
    ASSERT_TRUE(arrays.ok()) << arrays.status().message();
    EXPECT_EQ(arrays->tensors.size(), 5u);
    EXPECT_THAT(ToFloat32(*arrays->Find("grid")).span<float>(), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(ToFloat32(*arrays->Find("fortran")).span<float>(), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(arrays->Find("labels")->shape, (Shape{64, 64}));
    EXPECT_EQ(arrays->Find("flag")->dtype, DType::kBool);
    EXPECT_EQ(arrays->Find("flag")->shape, Shape());
    EXPECT_THAT(ToFloat32(*arrays->Find("wide")).span<float>(), ElementsAre(-1.0f, 0x1p40f));
  }
}

TEST(Npy, EncodesAsNumpyDoes) {
  const std::vector<float> values = {0, 1, 2, 3, 4, 5};
  const Tensor grid = Tensor::From<float>({2, 3}, values);
  const std::vector<std::byte> file = EncodeNpy(grid.view());
  std::string expected = ReadStored("v2.npy");  // differs by its version and a length of four bytes
  EXPECT_EQ(AsText(std::span(file).last(24)), expected.substr(expected.size() - 24));
  EXPECT_EQ(AsText(std::span(file).subspan(10, 59)),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  EXPECT_EQ((file.size() - 24) % 64, 0u);
}

TEST(Npy, RoundTripsEveryShapeAndType) {
  for (const DType dtype : {DType::kF64, DType::kF32, DType::kF16, DType::kI64, DType::kI32, DType::kI16,
                            DType::kI8, DType::kU16, DType::kU8, DType::kBool}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{0, 3}, Shape{2, 1, 3}}) {
      Tensor tensor(dtype, shape);
      std::memset(tensor.view().data, 1, tensor.view().bytes());
      const std::vector<std::byte> file = EncodeNpy(tensor.view());
      const auto read = NpyFromBytes({file, nullptr}, "a");
      ASSERT_TRUE(read.ok()) << read.status().message();
      EXPECT_EQ(read->Find("a")->dtype, dtype);
      EXPECT_EQ(read->Find("a")->shape, shape);
      EXPECT_EQ(std::memcmp(read->Find("a")->data, tensor.view().data, tensor.view().bytes()), 0);
    }
  }
}

TEST(Npy, NamesWhatIsWrong) {
  EXPECT_THAT(StatusOf("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "0123").message(),
              HasSubstr("\">f4\" is not supported"));
  EXPECT_THAT(StatusOf("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "0123").message(),
              HasSubstr("not supported"));
  EXPECT_THAT(StatusOf("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "0123").message(),
              HasSubstr("expected 8 bytes for f32 [2], got 4"));
  EXPECT_THAT(StatusOf("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }").message(),
              HasSubstr("negative"));
  EXPECT_THAT(
      StatusOf("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }").message(),
      HasSubstr("too many elements"));
  EXPECT_THAT(StatusOf("{'descr': '<f4', 'shape': (1,), }", "0123").message(), HasSubstr("malformed"));
  EXPECT_THAT(StatusOf("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }").message(),
              HasSubstr("malformed"));
  const std::string no_array = Zip({Stored("readme.txt", "x")});
  EXPECT_THAT(NpzFromBytes(Borrow(no_array)).status().message(), HasSubstr("readme.txt"));
  const std::string damaged = Zip({Stored("x.npy", "x")});
  EXPECT_THAT(NpzFromBytes(Borrow(damaged)).status().message(), HasSubstr("x.npy: truncated"));
}

TEST(Npy, SurvivesTruncationAndMutations) {
  for (const char* name : {"v2.npy", "v3.npy"}) {
    const std::string file = ReadStored(name);
    for (size_t length = 0; length < file.size(); ++length) {
      const std::string cut = file.substr(0, length);
      EXPECT_FALSE(NpyFromBytes(Borrow(cut), "a").ok());
    }
    Mutator mutator(3);
    for (int i = 0; i < 10'000; ++i) {
      const std::string changed = mutator.Mutate(file);
      const auto array = NpyFromBytes(Borrow(changed), "a");
      if (array.ok()) {
        ToFloat32(array->tensors[0].tensor);
      } else {
        EXPECT_TRUE(IsOneLine(array.status().message())) << array.status().message();
      }
    }
  }
}

}  // namespace
}  // namespace segforge
