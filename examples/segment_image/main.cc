// Segments one image with the installed library: segment_image IMAGE OUT.png [MODEL]
#include <segforge/files.h>
#include <segforge/segforge.h>

#include <cstdio>

namespace {

void PrintAreas(const segforge::Segmentation& result, const segforge::ModelInfo& model) {
  const auto pixels = segforge::CountPixels(result, model.classes);
  const auto all = static_cast<double>(result.height * result.width);
  for (size_t label = 0; label < pixels.size(); ++label) {
    const double percent = 100.0 * static_cast<double>(pixels[label]) / all;
    std::printf("%-12s %5.1f %%\n", model.class_names[label].c_str(), percent);
  }
}

void Run(const char* image_path, const char* out_path, const char* model) {
  const segforge::Segmenter segmenter(model);  // may be shared by threads
  const segforge::RgbImage image = segforge::LoadImage(image_path);
  const segforge::Segmentation result = segmenter.Run(image.view());
  PrintAreas(result, segmenter.info());
  const segforge::LabelColors colors = segforge::LoadLabelColors("", segmenter.info());
  segforge::WriteBytes(out_path, segforge::EncodeOverlayPng(image.view(), result, colors, 0.5));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: segment_image IMAGE OUT.png [MODEL]\n");
    return 2;
  }
  try {
    Run(argv[1], argv[2], argc == 4 ? argv[3] : "street-b0");
  } catch (const segforge::Error& error) {
    std::fprintf(stderr, "segment_image: %s\n", error.what());
    return 2;
  }
}
