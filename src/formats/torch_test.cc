#include <gmock/gmock.h>

#include "formats/pickle.h"
#include "formats/test_bytes.h"
#include "formats/test_files.h"
#include "formats/torch_legacy.h"
#include "formats/torch_zip.h"

namespace segforge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace testing_bytes;

const std::string* MetadataOf(const Checkpoint& checkpoint, std::string_view key) {
  for (const auto& [name, value] : checkpoint.metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

class StoredCheckpoints : public testing::TestWithParam<const char*> {
 protected:
  std::string file_ = ReadStored(GetParam());
};

TEST_P(StoredCheckpoints, HoldsTheWeights) {
  const auto checkpoint = CheckpointFromBytes(Borrow(file_));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  const auto values = [&](const char* name) {
    const ConstTensorView* tensor = checkpoint->Find(name);
    EXPECT_NE(tensor, nullptr) << name;
    if (tensor == nullptr) return std::vector<float>();
    const Tensor floats = ToFloat32(*tensor);
    return std::vector<float>(floats.span<float>().begin(), floats.span<float>().end());
  };
  EXPECT_EQ(checkpoint->tensors.size(), 8u);
  EXPECT_THAT(values("backbone.dense"), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));
  EXPECT_THAT(values("backbone.offset"), ElementsAre(3, 3.5, 4, 4.5));
  EXPECT_THAT(values("backbone.transposed"), ElementsAre(6, 7.5, 9, 10.5, 6.5, 8, 9.5, 11, 7, 8.5, 10, 11.5));
  EXPECT_THAT(values("backbone.half"), ElementsAre(1, -2.5, 65504));
  EXPECT_THAT(values("backbone.bfloat16"), ElementsAre(1, -2.5));
  EXPECT_THAT(values("head.parameter"), ElementsAre(7));
  EXPECT_EQ(checkpoint->Find("head.parameter")->shape, (Shape{1, 1}));
  EXPECT_THAT(values("head.num_batches_tracked"), ElementsAre(123456789012.0f));
  EXPECT_EQ(checkpoint->Find("head.num_batches_tracked")->shape, Shape());
  EXPECT_EQ(checkpoint->Find("head.empty")->shape, (Shape{0, 5}));
}

TEST_P(StoredCheckpoints, EveryTruncationIsAnError) {
  for (size_t length = 0; length < file_.size(); ++length) {
    const std::string cut = file_.substr(0, length);
    const Status status = CheckpointFromBytes(Borrow(cut)).status();
    EXPECT_FALSE(status.ok()) << length;
    EXPECT_TRUE(IsOneLine(status.message())) << status.message();
  }
}

TEST_P(StoredCheckpoints, SurvivesMutations) {
  Mutator mutator(5);
  for (int i = 0; i < 10'000; ++i) {
    const std::string changed = mutator.Mutate(file_);
    const auto checkpoint = CheckpointFromBytes(Borrow(changed));
    if (checkpoint.ok()) {
      for (const NamedTensor& tensor : checkpoint->tensors) ToFloat32(tensor.tensor);
    } else {
      EXPECT_TRUE(IsOneLine(checkpoint.status().message())) << checkpoint.status().message();
    }
  }
}
INSTANTIATE_TEST_SUITE_P(All, StoredCheckpoints,
                         testing::Values("mmseg1.zip.pth", "mmseg1.deflated.pth", "mmseg1.legacy.pth",
                                         "state_dict.zip.pth"),
                         [](const auto& suite) { return fmt::format("{}", suite.index); });

TEST(Torch, KeepsFactsAboutTheModel) {
  const std::string file = ReadStored("mmseg1.zip.pth");
  const auto checkpoint = TorchZipFromBytes(Borrow(file));
  ASSERT_TRUE(checkpoint.ok());
  ASSERT_NE(MetadataOf(*checkpoint, "CLASSES"), nullptr);
  EXPECT_EQ(*MetadataOf(*checkpoint, "CLASSES"), R"(["road","sky"])");
  EXPECT_EQ(*MetadataOf(*checkpoint, "PALETTE"), "[[128,64,128],[70,130,180]]");
  EXPECT_EQ(*MetadataOf(*checkpoint, "epoch"), "3");
  EXPECT_EQ(*MetadataOf(*checkpoint, "cfg"), "model = dict(type='EncoderDecoder')\n");
  EXPECT_EQ(MetadataOf(*checkpoint, "seed"), nullptr);  // a numpy object
}

TEST(Torch, ViewsStoredStorages) {
  const std::string file = ReadStored("mmseg1.zip.pth");
  const auto checkpoint = TorchZipFromBytes(Borrow(file));
  ASSERT_TRUE(checkpoint.ok());
  const auto* data = static_cast<const char*>(checkpoint->Find("backbone.dense")->data);
  EXPECT_GE(data, file.data());
  EXPECT_LT(data, file.data() + file.size());
}

// The result of reading {"w": tensor} beside a storage "0" of 24 bytes.
Result<Checkpoint> ReadOne(const std::string& tensor) {
  const auto bytes =
      std::make_shared<std::string>(TorchZip(PickledStateDict("w", tensor), std::string(24, '\1')));
  return TorchZipFromBytes({AsBytes(*bytes), bytes});
}
std::string MessageOf(const std::string& tensor) { return ReadOne(tensor).status().message(); }

TEST(Torch, ChecksTensorsAgainstStorages) {
  const std::string storage = PickledStorage("FloatStorage", "0", 6);
  EXPECT_TRUE(ReadOne(PickledTensor(storage, 2, {2, 2}, {2, 1})).ok());
  EXPECT_THAT(MessageOf(PickledTensor(storage, 3, {2, 2}, {2, 1})),
              HasSubstr("exceeds storage \"0\" of 6 elements"));
  EXPECT_THAT(MessageOf(PickledTensor(storage, -1, {1}, {1})), HasSubstr("offset -1 exceeds"));
  EXPECT_THAT(MessageOf(PickledTensor(storage, 7, {0}, {1})), HasSubstr("exceeds"));
  EXPECT_THAT(MessageOf(PickledTensor(storage, INT64_MAX, {1}, {1})), HasSubstr("exceeds"));
  EXPECT_THAT(MessageOf(PickledTensor(storage, 0, {2}, {-1})), HasSubstr("negative stride"));
  EXPECT_THAT(MessageOf(PickledTensor(storage, 0, {3, 3}, {INT64_MAX / 2, INT64_MAX / 2})),
              HasSubstr("too large"));
  EXPECT_THAT(MessageOf(PickledTensor(storage, 0, {int64_t{1} << 40, int64_t{1} << 40}, {0, 0})),
              HasSubstr("too many elements"));
  EXPECT_THAT(MessageOf(PickledTensor(storage, 0, {2, 2}, {1})), HasSubstr("2 sizes and 1 strides"));
  EXPECT_THAT(MessageOf(PickledTensor(PickledStorage("FloatStorage", "0", 7), 0, {1}, {1})),
              HasSubstr("tensor \"w\": storage \"0\": expected 7 elements of f32, got 24 bytes"));
  EXPECT_THAT(MessageOf(PickledTensor(PickledStorage("FloatStorage", "1", 6), 0, {1}, {1})),
              HasSubstr("no data/1"));
  EXPECT_THAT(MessageOf(PickledTensor(PickledStorage("FloatStorage", "../../x", 6), 0, {1}, {1})),
              HasSubstr("no data/.."));
  EXPECT_THAT(MessageOf(PickledTensor(PickledStorage("FloatStorage", "0", -1), 0, {1}, {1})),
              HasSubstr("-1 elements"));
  EXPECT_THAT(MessageOf(PickledTensor(PickledStorage("QInt8Storage", "0", 6), 0, {1}, {1})),
              HasSubstr("\"torch.QInt8Storage\" is not allowed"));
  EXPECT_THAT(MessageOf("N"), HasSubstr("holds no tensors"));
}

TEST(Torch, IgnoresHugeStridesOfSingleElements) {
  const auto checkpoint =
      ReadOne(PickledTensor(PickledStorage("FloatStorage", "0", 6), 0, {2, 1, 3}, {1, INT64_MAX, 2}));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_EQ(checkpoint->Find("w")->shape, (Shape{2, 1, 3}));
}

TEST(Torch, BoundsTheCopiesOfStridedTensors) {
  EXPECT_THAT(MessageOf(PickledTensor(PickledStorage("FloatStorage", "0", 6), 0, {1 << 30}, {0})),
              HasSubstr("far more than the file holds"));
}

TEST(Torch, ReadsUntypedStorages) {
  const std::string tensor = "ctorch._utils\n_rebuild_tensor_v3\n(" +
                             PickledStorage("UntypedStorage", "0", 24) + PickledInt(4) + PickledInts({2, 4}) +
                             PickledInts({4, 1}) + "\x89}ctorch\nuint16\ntR";
  const auto checkpoint = ReadOne(tensor);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_EQ(checkpoint->Find("w")->dtype, DType::kU16);
  EXPECT_EQ(checkpoint->Find("w")->span<uint16_t>()[7], 0x0101);
}

TEST(Torch, NamesNestedTensors) {
  const std::string tensor = PickledTensor(PickledStorage("FloatStorage", "0", 6), 0, {1}, {1});
  const auto checkpoint = ReadOne("}" + PickledText("a.b") + "]" + tensor + "asK\x03" + tensor + "s");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_NE(checkpoint->Find("w.a.b.0"), nullptr);
  EXPECT_NE(checkpoint->Find("w.3"), nullptr);
}

TEST(Torch, RefusesTreesWithoutEnd) {
  EXPECT_THAT(MessageOf("}q\x01" + PickledText("x") + "h\x01s"), HasSubstr("nested deeper"));
  std::string shared = "]q\x01";  // then lists that hold the one before ten times
  for (int i = 0; i < 14; ++i) {
    shared += "0](";
    for (int j = 0; j < 10; ++j) shared += "h\x01";
    shared += "eq\x01";
  }
  EXPECT_THAT(MessageOf(shared), HasSubstr("more than 1000000 values"));
}

TEST(Torch, PrefersStateDictToItsCopies) {
  const std::string tensor = PickledTensor(PickledStorage("FloatStorage", "0", 6), 0, {1}, {1});
  const auto dict = [&](const char* name) { return "}" + PickledText(name) + tensor + "s"; };
  const auto read = [&](const std::string& entries) {
    const auto bytes = std::make_shared<std::string>(TorchZip("}(" + entries + "u.", std::string(24, '\0')));
    return TorchZipFromBytes({AsBytes(*bytes), bytes});
  };
  const std::string ema = PickledText("state_dict_ema") + dict("ema");
  const auto both = read(ema + PickledText("model") + dict("plain"));
  ASSERT_TRUE(both.ok()) << both.status().message();
  ASSERT_EQ(both->tensors.size(), 1u);
  EXPECT_EQ(both->tensors[0].name, "plain");
  const auto only = read(ema + PickledText("model") + "N");
  ASSERT_TRUE(only.ok()) << only.status().message();
  EXPECT_EQ(only->tensors[0].name, "ema");
}

TEST(Torch, RefusesOtherArchivesAndPickles) {
  const auto message = [](const std::string& file) {
    return CheckpointFromBytes(Borrow(file)).status().message();
  };
  EXPECT_THAT(message(Zip({Stored("x.txt", "x")})), HasSubstr("without data.pkl"));
  EXPECT_THAT(message(Zip({Stored("a/data.pkl", "N."), Stored("a/constants.pkl", ")."), Stored("b", "")})),
              HasSubstr("TorchScript"));
  EXPECT_THAT(message(Zip({Stored("a/data.pkl", "N."), Stored("a/byteorder", "big")})), HasSubstr("\"big\""));
  EXPECT_THAT(message(ReadStored("plain.p2.pkl")), HasSubstr("not a torch checkpoint"));
  EXPECT_THAT(message(Zip({Stored("a/data.pkl", "cos\nsystem\n(S'true'\ntR.")})),
              HasSubstr("global \"os.system\""));
}

}  // namespace
}  // namespace segforge
