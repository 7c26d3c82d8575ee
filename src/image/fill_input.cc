#include "base/memory.h"
#include "image/preprocess.h"

namespace segforge {

Status FillInput(const ImageView& image, const Preprocessing& preprocessing, TensorView output,
                 ThreadPool& pool) {
  const ImageSize size = {output.shape[1], output.shape[2]};
  if (size == ImageSize{image.height, image.width}) {
    Normalize(image, preprocessing, output, pool);
    return Status();
  }
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(size.height * size.width * 3, "the resized image"));
  const Image resized = Resize(image, size, preprocessing.resample, &pool);
  Normalize(resized.view(), preprocessing, output, pool);
  return Status();
}

}  // namespace segforge
