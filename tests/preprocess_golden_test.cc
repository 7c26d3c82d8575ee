// The input that Hugging Face's SegformerImageProcessor makes of an image, reproduced.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "formats/npy.h"
#include "image/preprocess.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

fs::path SharedFolder() {
  const char* shared = std::getenv("SEGFORGE_SHARED");
  return shared != nullptr ? fs::path(shared) : fs::path(SEGFORGE_SOURCE_DIR) / ".." / "shared";
}

TEST(PreprocessGolden, EqualsHuggingFacesProcessor) {
  const fs::path path = SharedFolder() / "refs" / "b0.hf_processor.npz";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is missing";
  const auto arrays = OpenNpy(path);
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  const ConstTensorView* image = arrays->Find("image");
  const ConstTensorView* expected = arrays->Find("pixel_values");
  ASSERT_TRUE(image != nullptr && expected != nullptr);
  ASSERT_EQ(expected->shape, Shape({3, 512, 512}));

  const int64_t width = image->shape[1];
  const ImageView source = {image->as<uint8_t>(), image->shape[0], width, width * 3};
  const Preprocessing preprocessing;
  ThreadPool pool(2);
  const Image resized = Resize(source, {512, 512}, preprocessing.resample, &pool);
  Tensor output(DType::kF32, Shape{1, 512, 512, 3});
  Normalize(resized.view(), preprocessing, output.view(), pool);

  const auto ours = output.span<float>();
  const Tensor theirs = ToFloat32(*expected);  // a copy, which is aligned
  double worst = 0;                            // in steps of the u8 image
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < 512 * 512; ++i) {
      const double difference = ours[i * 3 + c] - theirs.span<float>()[c * 512 * 512 + i];
      worst = std::max(worst, std::abs(difference) * preprocessing.std[c] * 255);
    }
  }
  EXPECT_LE(worst, 1.0 / 255);
}

}  // namespace
}  // namespace segforge
