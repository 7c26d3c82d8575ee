#include "engine/cuda_images.h"

#include <algorithm>
#include <cstring>

#include "backend/cuda/normalize.h"

namespace segforge {
namespace {

constexpr int64_t kBandBytes = int64_t{1} << 20;
constexpr int64_t kMaxStagingBytes = int64_t{32} << 20;  // so that a huge image locks no huge memory

int64_t RowBytes(const ImageView& image) { return image.width * 3; }

// From the first byte to the last, what lies between rows included.
size_t SpanBytes(const ImageView& image) {
  return static_cast<size_t>((image.height - 1) * image.stride_bytes + RowBytes(image));
}

void CopyRows(const ImageView& image, int64_t first, int64_t rows, std::byte* to, ThreadPool& pool) {
  const int64_t row_bytes = RowBytes(image);
  pool.ParallelFor(rows, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t y = begin; y < end; ++y) {
      std::memcpy(to + y * row_bytes, image.data + (first + y) * image.stride_bytes,
                  static_cast<size_t>(row_bytes));
    }
  });
}

}  // namespace

Status CudaImages::CopyStaged(const ImageView& image, std::byte* to, ThreadPool& pool, cudaStream_t stream) {
  const int64_t row_bytes = RowBytes(image);
  const int64_t band_rows = std::clamp<int64_t>(kBandBytes / row_bytes, 1, image.height);
  const int64_t wanted_bytes = std::min(row_bytes * image.height, kMaxStagingBytes);
  const auto least_bytes = static_cast<size_t>(std::max(wanted_bytes, band_rows * row_bytes));
  if (staging_.bytes() < least_bytes) {
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream), "the image");
    SEGFORGE_RETURN_IF_ERROR(cuda::Grow(staging_, least_bytes, "the image"));
    staged_bytes_ = 0;
  }
  for (int64_t y = 0; y < image.height; y += band_rows) {
    const int64_t rows = std::min(band_rows, image.height - y);
    const auto bytes = static_cast<size_t>(rows * row_bytes);
    if (staged_bytes_ + bytes > staging_.bytes()) {
      SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream), "the image");
      staged_bytes_ = 0;
    }
    std::byte* const staged = staging_.data() + staged_bytes_;
    CopyRows(image, y, rows, staged, pool);
    SEGFORGE_RETURN_IF_CUDA_ERROR(
        cudaMemcpyAsync(to + y * row_bytes, staged, bytes, cudaMemcpyHostToDevice, stream), "the image");
    staged_bytes_ += bytes;
  }
  return Status();
}

Status CudaImages::Copy(const ImageView& image, std::byte* to, ThreadPool& pool, cudaStream_t stream) {
  if (!cuda::IsPageLocked(image.data, SpanBytes(image))) return CopyStaged(image, to, pool, stream);
  const auto row_bytes = static_cast<size_t>(RowBytes(image));
  const auto stride_bytes = static_cast<size_t>(image.stride_bytes);
  const auto height = static_cast<size_t>(image.height);
  if (stride_bytes == row_bytes) {
    return cuda::StatusOf(cudaMemcpyAsync(to, image.data, row_bytes * height, cudaMemcpyHostToDevice, stream),
                          "the image");
  }
  return cuda::StatusOf(cudaMemcpy2DAsync(to, row_bytes, image.data, stride_bytes, row_bytes, height,
                                          cudaMemcpyHostToDevice, stream),
                        "the image");
}

Status CudaImages::Upload(std::span<const ImageView> images, const BufferPlace& input,
                          const Preprocessing& preprocessing, ThreadPool& pool, cudaStream_t stream) {
  const ImageSize size = {input.shape[1], input.shape[2]};
  const int64_t image_bytes = size.height * size.width * 3;
  SEGFORGE_RETURN_IF_ERROR(cuda::Grow(pixels_, static_cast<size_t>(input.shape.elems()), "the images"));
  staged_bytes_ = 0;
  std::byte* to = pixels_.data();
  for (const ImageView& image : images) {
    if (size == ImageSize{image.height, image.width}) {
      SEGFORGE_RETURN_IF_ERROR(Copy(image, to, pool, stream));
    } else {
      const auto bytes = static_cast<size_t>(image.height * RowBytes(image));
      SEGFORGE_RETURN_IF_ERROR(cuda::Grow(source_, bytes, "the image before resizing"));
      SEGFORGE_RETURN_IF_ERROR(Copy(image, source_.data(), pool, stream));
      SEGFORGE_RETURN_IF_ERROR(resize_.Run(source_.as<uint8_t>(), {image.height, image.width},
                                           reinterpret_cast<uint8_t*>(to), size, preprocessing.resample,
                                           stream));
    }
    to += image_bytes;
  }
  return Status();
}

Status CudaImages::Normalize(const TensorView& input, const Preprocessing& preprocessing,
                             cudaStream_t stream) const {
  cuda::NormalizeArgs args;
  args.x = pixels_.as<uint8_t>();
  args.y = input.data;
  args.pixels = input.shape.elems() / 3;
  args.rescale = preprocessing.rescale;
  for (size_t c = 0; c < 3; ++c) {
    args.mean[c] = preprocessing.mean[c];
    args.std[c] = preprocessing.std[c];
  }
  cuda::LaunchNormalize(input.dtype, args, stream);
  return cuda::StatusOf(cudaGetLastError(), "the image");
}

}  // namespace segforge
