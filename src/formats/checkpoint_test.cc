#include "formats/checkpoint.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "formats/npy.h"
#include "formats/test_bytes.h"
#include "formats/test_files.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;
using namespace testing_bytes;

class CheckpointFiles : public testing::Test {
 protected:
  CheckpointFiles()
      : folder_(fs::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~CheckpointFiles() override { fs::remove_all(folder_); }

  fs::path Write(const std::string& name, const std::string& content) {
    EXPECT_TRUE(WriteFileAtomically(folder_ / name, AsBytes(content)).ok());
    return folder_ / name;
  }
  std::string MessageOf(const std::string& name, const std::string& content) {
    const fs::path path = Write(name, content);
    const std::string message = OpenCheckpoint(path).status().message();
    EXPECT_THAT(message, StartsWith(path.string() + ": "));
    return message;
  }
  fs::path folder_;
};

std::string OneTensor(const std::string& name, char value) {
  return Safetensors("{\"" + name + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                     std::string(1, value));
}

TEST_F(CheckpointFiles, SaysWhatItIsNot) {
  EXPECT_THAT(
      MessageOf("a.pth", "\x08\x07\x12\x07pytorch"),
      HasSubstr("not a checkpoint that Segforge reads (safetensors, torch .pth); first bytes 08 07 12"));
  EXPECT_THAT(MessageOf("a.pth", ""), HasSubstr("empty"));
  EXPECT_THAT(OpenCheckpoint(folder_ / "missing").status().message(), HasSubstr("missing: cannot open"));
  EXPECT_THAT(OpenCheckpoint(folder_).status().message(), HasSubstr("not a regular file"));
}

TEST_F(CheckpointFiles, ReadsAnIndex) {
  Write("1.safetensors", OneTensor("a", 1));
  Write("2.safetensors", OneTensor("b", 2));
  const fs::path index = Write(
      "model.safetensors.index.json",
      R"({"metadata":{"total_size":2,"format":"pt"},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  const auto checkpoint = OpenCheckpoint(index);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  ASSERT_EQ(checkpoint->tensors.size(), 2u);
  EXPECT_EQ(checkpoint->Find("b")->span<uint8_t>()[0], 2);
  ASSERT_EQ(checkpoint->metadata.size(), 1u);
  EXPECT_EQ(checkpoint->metadata[0].first, "format");
}

TEST_F(CheckpointFiles, KeepsAnIndexInsideItsFolder) {
  Write("1.safetensors", OneTensor("a", 1));
  for (const char* name : {"../1.safetensors", "/etc/passwd", "..", ".", "", "x/1.safetensors", "a\\\\b"}) {
    EXPECT_THAT(MessageOf("i.json", std::string(R"({"weight_map":{"a":")") + name + "\"}}"),
                HasSubstr("is not a file of the same folder"))
        << name;
  }
  EXPECT_THAT(MessageOf("i.json", R"({"weight_map":{"z":"1.safetensors"}})"),
              HasSubstr("1.safetensors: tensor \"z\" is missing"));
  EXPECT_THAT(MessageOf("i.json", R"({"weight_map":{"a":"2.safetensors"}})"),
              HasSubstr("2.safetensors: cannot open"));
  EXPECT_THAT(MessageOf("i.json", R"({"weight_map":{"a":"i.json"}})"), HasSubstr("not a checkpoint"));
  EXPECT_THAT(MessageOf("i.json", R"({"weight_map":{"a":"1.safetensors","a":"1.safetensors"}})"),
              HasSubstr("occurs twice"));
  EXPECT_THAT(MessageOf("i.json", R"({"a":1})"), HasSubstr("no \"weight_map\""));
}

// The same weights in three files: under two naming schemes, as f16 and as f32, in three formats.
using Fingerprint = std::multimap<std::vector<float>, int>;

Fingerprint FingerprintOf(const Checkpoint& checkpoint) {
  Fingerprint values;
  for (const NamedTensor& tensor : checkpoint.tensors) {
    const Tensor floats = ToFloat32(tensor.tensor);
    values.emplace(std::vector<float>(floats.span<float>().begin(), floats.span<float>().end()), 0);
  }
  return values;
}

TEST(SharedCheckpoints, HoldTheSameWeights) {
  const fs::path models = SharedFolder() / "models";
  if (!fs::exists(models)) GTEST_SKIP() << models << " is missing";
  const auto zip = OpenCheckpoint(models / "b0.nvlabs.pth");
  const auto legacy = OpenCheckpoint(models / "b0.nvlabs.legacy.pth");
  const auto safetensors = OpenCheckpoint(models / "b0-hf/model.safetensors");
  ASSERT_TRUE(zip.ok()) << zip.status().message();
  ASSERT_TRUE(legacy.ok()) << legacy.status().message();
  ASSERT_TRUE(safetensors.ok()) << safetensors.status().message();
  EXPECT_EQ(zip->tensors.size(), 194u);
  EXPECT_EQ(safetensors->tensors.size(), 208u);  // key and value apart: +16; no unused conv_seg: -2
  ASSERT_EQ(legacy->tensors.size(), zip->tensors.size());
  for (size_t i = 0; i < zip->tensors.size(); ++i) {
    EXPECT_EQ(legacy->tensors[i].name, zip->tensors[i].name);
    EXPECT_EQ(legacy->tensors[i].tensor.shape, zip->tensors[i].tensor.shape);
  }
  EXPECT_EQ(FingerprintOf(*legacy), FingerprintOf(*zip));
  const Fingerprint hf = FingerprintOf(*safetensors);
  size_t found = 0;
  for (const auto& [values, _] : FingerprintOf(*zip)) found += hf.contains(values) ? 1 : 0;
  EXPECT_EQ(found, zip->tensors.size() - 16 - 2);  // all but kv.weight, kv.bias and conv_seg
  EXPECT_THAT(zip->metadata,
              testing::Contains(testing::Pair("CLASSES", StartsWith("[\"sky\",\"building\""))));
}

TEST(SharedCheckpoints, TruncationIsAnError) {
  const fs::path models = SharedFolder() / "models";
  if (!fs::exists(models)) GTEST_SKIP() << models << " is missing";
  for (const char* name : {"b0.nvlabs.pth", "b0.nvlabs.legacy.pth", "b0-hf/model.safetensors"}) {
    const auto file = MappedFile::Open(models / name);
    ASSERT_TRUE(file.ok());
    const std::span<const std::byte> bytes = file->bytes();
    for (size_t i = 0; i < 200; ++i)
      EXPECT_FALSE(CheckpointFromBytes({bytes.first(bytes.size() * i / 200), nullptr}).ok())
          << name << " " << i;
  }
}

TEST(SharedCheckpoints, ReferenceArraysAreRead) {
  const fs::path path = SharedFolder() / "refs/b0.refs.npz";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is missing";
  const auto arrays = OpenNpy(path);
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  const ConstTensorView* hidden = arrays->Find("scene_7004.hidden3");
  ASSERT_NE(hidden, nullptr);
  EXPECT_TRUE(IsFloat(hidden->dtype));
  const auto images = std::ranges::count_if(
      arrays->tensors, [](const NamedTensor& tensor) { return tensor.name.ends_with(".image"); });
  EXPECT_EQ(images, 8);
}

}  // namespace
}  // namespace segforge
