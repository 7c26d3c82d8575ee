#include <gmock/gmock.h>

#include <cstring>
#include <fstream>

#include "model/model.h"
#include "model/summary.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const fs::path kStreetB0 = fs::path(SEGFORGE_SOURCE_DIR) / "models/street-b0";

fs::path SharedModels() {
  const char* shared = std::getenv("SEGFORGE_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(SEGFORGE_SOURCE_DIR) / "../shared") / "models";
}

// A folder of its own for one test, gone afterwards.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "segforge-model-XXXXXX").string();
    SEGFORGE_CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  void LinkStreetB0(const std::string& name) const {
    fs::create_symlink(kStreetB0 / "model.safetensors", path_ / name);
  }

 private:
  fs::path path_;
};

std::string ErrorOf(const fs::path& path) {
  const auto model = LoadModel(path, {});
  return model.ok() ? "" : model.status().message();
}

// Same ops, inputs, attributes, and constants bit for bit; the names of constants may differ.
void ExpectEqual(const Graph& a, const Graph& b) {
  const std::vector<NodeId> live_a = a.LiveNodes();
  const std::vector<NodeId> live_b = b.LiveNodes();
  ASSERT_EQ(live_a.size(), live_b.size());
  for (size_t i = 0; i < live_a.size(); ++i) {
    const Node& node_a = a.node(live_a[i]);
    const Node& node_b = b.node(live_b[i]);
    ASSERT_EQ(node_a.op, node_b.op);
    ASSERT_EQ(node_a.inputs, node_b.inputs);
    ASSERT_TRUE(node_a.attributes == node_b.attributes) << node_a.name << " " << node_b.name;
    ASSERT_TRUE(node_a.type == node_b.type);
    if (node_a.op != Op::kConstant) {
      ASSERT_EQ(node_a.name, node_b.name);
      continue;
    }
    const auto values_a = node_a.constant->span<float>();
    const auto values_b = node_b.constant->span<float>();
    ASSERT_EQ(std::memcmp(values_a.data(), values_b.data(), values_a.size_bytes()), 0) << node_a.name;
  }
}

TEST(LoadModel, ReadsTheBuiltInModel) {
  const auto model = LoadModel(kStreetB0, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->config.family, Family::kHuggingFace);
  EXPECT_EQ(model->config.variant, "B0");
  EXPECT_THAT(model->config.class_names, ElementsAre("sky", "building", "pole", "road", "pavement", "tree",
                                                     "sign", "fence", "car", "pedestrian", "bicyclist"));
  EXPECT_EQ(model->parameters, 3716971);
  EXPECT_EQ(model->license, "evaluation and research only");
  EXPECT_EQ(model->preprocessing.size, (ImageSize{512, 512}));
  EXPECT_EQ(model->preprocessing.resample, Resample::kPillow);
  EXPECT_EQ(Verify(model->graph).message(), "");
}

TEST(LoadModel, ALoneFileNeedsNoConfig) {
  const Folder folder;
  folder.LinkStreetB0("weights.safetensors");
  const auto model = LoadModel(folder.path() / "weights.safetensors", {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->config.variant, "B0");
  EXPECT_TRUE(model->config.class_names.empty());
  EXPECT_FALSE(model->preprocessing.size.has_value());
  EXPECT_EQ(model->license, "");
}

TEST(LoadModel, AConfigBesideAFileIsReadIfItIsASegformers) {
  const Folder folder;
  folder.LinkStreetB0("weights.safetensors");
  folder.Write("config.json", R"({"model_type": "segformer", "depths": [3, 4, 6, 3]})");
  EXPECT_THAT(ErrorOf(folder.path() / "weights.safetensors"),
              HasSubstr("weights.safetensors: config.json contradicts the weights: depths is [3, 4, 6, 3]"));
  folder.Write("config.json", R"({"model_type": "unet", "depths": [3, 4, 6, 3]})");
  EXPECT_EQ(ErrorOf(folder.path() / "weights.safetensors"), "");
}

TEST(LoadModel, InAModelFolderTheConfigMustBeASegformers) {
  const Folder folder;
  folder.LinkStreetB0("model.safetensors");
  folder.Write("config.json", R"({"model_type": "unet"})");
  EXPECT_THAT(ErrorOf(folder.path()), HasSubstr("model_type: expected \"segformer\", got \"unet\""));
  folder.Write("config.json", "{");
  EXPECT_THAT(ErrorOf(folder.path()), HasSubstr("config.json: "));
}

TEST(LoadModel, ErrorsStartWithTheFile) {
  const Folder folder;
  EXPECT_THAT(ErrorOf(folder.path()), StartsWith(folder.path().string() + ": no model.safetensors"));
  EXPECT_THAT(ErrorOf(folder.path() / "none.pth"), StartsWith((folder.path() / "none.pth").string()));
  folder.LinkStreetB0("model.safetensors");
  folder.Write("preprocessor_config.json", "nonsense");
  EXPECT_THAT(ErrorOf(folder.path()), StartsWith((folder.path() / "preprocessor_config.json").string()));
}

TEST(LoadModel, TheSameWeightsInThreeFormatsAreTheSameGraph) {
  const fs::path models = SharedModels();
  if (!fs::exists(models)) GTEST_SKIP() << models << " is not there";
  const LoadModelOptions options = {.layer_norm_eps = 1e-5f};
  const auto hugging_face = LoadModel(models / "b0-hf", options);
  ASSERT_TRUE(hugging_face.ok()) << hugging_face.status().message();
  for (const char* name : {"b0.nvlabs.pth", "b0.nvlabs.legacy.pth"}) {
    const auto nvlabs = LoadModel(models / name, options);
    ASSERT_TRUE(nvlabs.ok()) << nvlabs.status().message();
    EXPECT_EQ(nvlabs->config.family, Family::kNvlabs);
    EXPECT_EQ(nvlabs->parameters, hugging_face->parameters);
    EXPECT_EQ(nvlabs->config.class_names, hugging_face->config.class_names);
    ExpectEqual(nvlabs->graph, hugging_face->graph);
  }
}

TEST(LoadModel, ReadsB1) {
  const fs::path models = SharedModels();
  if (!fs::exists(models)) GTEST_SKIP() << models << " is not there";
  const auto model = LoadModel(models / "b1-hf", {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->config.variant, "B1");
  EXPECT_EQ(model->config.classes, 11);
}

}  // namespace
}  // namespace segforge
