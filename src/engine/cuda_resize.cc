#include "engine/cuda_resize.h"

#include <algorithm>

#include "image/linear_taps.h"
#include "image/resample_taps.h"
#include "image/resize_dialects.h"

namespace segforge {
namespace {

constexpr std::string_view kWhat = "resizing the image";

// As ResampleTable lies in memory: first, count, weights.
std::vector<int32_t> Packed(const ResampleTaps& taps) {
  std::vector<int32_t> packed = taps.first;
  packed.insert(packed.end(), taps.count.begin(), taps.count.end());
  packed.insert(packed.end(), taps.weights.begin(), taps.weights.end());
  return packed;
}

cuda::ResampleTable TableAt(const int32_t* packed, const ResampleTaps& taps) {
  const int64_t outputs = taps.outputs();
  return {packed, packed + outputs, packed + 2 * outputs, static_cast<int>(taps.max_count)};
}

// As LinearTap.
std::vector<int32_t> Packed(const LinearTaps& taps) {
  std::vector<int32_t> packed;
  for (size_t i = 0; i < taps.first.size(); ++i) {
    packed.push_back(static_cast<int32_t>(taps.first[i]));
    packed.push_back(static_cast<int32_t>(taps.second[i]));
    packed.push_back(taps.first_weight[i]);
    packed.push_back(taps.second_weight[i]);
  }
  return packed;
}

}  // namespace

Status CudaResize::Upload(const std::vector<int32_t>& rows, const std::vector<int32_t>& columns,
                          cudaStream_t stream) {
  constexpr size_t kBytes = sizeof(int32_t);
  columns_offset_ = (rows.size() + 3) / 4 * 4;  // to where a LinearTap may begin
  SEGFORGE_RETURN_IF_ERROR(cuda::Grow(tables_, (columns_offset_ + columns.size()) * kBytes, kWhat));
  SEGFORGE_RETURN_IF_CUDA_ERROR(
      cudaMemcpyAsync(tables_.data(), rows.data(), rows.size() * kBytes, cudaMemcpyHostToDevice, stream),
      kWhat);
  return cuda::StatusOf(cudaMemcpyAsync(tables_.as<int32_t>() + columns_offset_, columns.data(),
                                        columns.size() * kBytes, cudaMemcpyHostToDevice, stream),
                        kWhat);
}

Status CudaResize::Prepare(const Sizes& sizes, cudaStream_t stream) {
  if (sizes == sizes_) return Status();
  sizes_ = {};
  const ImageSize from = sizes.from, to = sizes.to;
  if (sizes.dialect == Resample::kOpenCv) {
    SEGFORGE_RETURN_IF_ERROR(Upload(Packed(MakeLinearTaps(from.height, to.height, Border::kTwiceTheRow)),
                                    Packed(MakeLinearTaps(from.width, to.width, Border::kOnePixel)), stream));
  } else {
    const ResampleTaps rows = BilinearTaps(from.height, to.height);
    const ResampleTaps columns = BilinearTaps(from.width, to.width);
    SEGFORGE_RETURN_IF_ERROR(Upload(Packed(rows), Packed(columns), stream));
    pillow_rows_ = TableAt(tables_.as<int32_t>(), rows);
    pillow_columns_ = TableAt(tables_.as<int32_t>() + columns_offset_, columns);
  }
  sizes_ = sizes;
  return Status();
}

// An axis of the same length has no pass.
Status CudaResize::RunPillow(const uint8_t* x, uint8_t* y, cudaStream_t stream) {
  const ImageSize from = sizes_.from, to = sizes_.to;
  const auto run_width = [&](const uint8_t* in, uint8_t* out, int64_t height) {
    cuda::LaunchResampleWidth({in, out, static_cast<int>(height), static_cast<int>(to.width),
                               static_cast<int>(from.width), pillow_columns_},
                              stream);
  };
  const auto run_height = [&](const uint8_t* in, uint8_t* out, int64_t width) {
    cuda::LaunchResampleHeight({in, out, static_cast<int>(to.height), static_cast<int>(width),
                                static_cast<int>(from.height), pillow_rows_},
                               stream);
  };
  if (from.width == to.width) {
    run_height(x, y, to.width);
    return Status();
  }
  if (from.height == to.height) {
    run_width(x, y, to.height);
    return Status();
  }
  const bool height_first = PillowShrinksHeightFirst(from, to);
  const int64_t pixels = height_first ? to.height * from.width : from.height * to.width;
  SEGFORGE_RETURN_IF_ERROR(cuda::Grow(between_, static_cast<size_t>(pixels) * 3, kWhat));
  auto* const between = between_.as<uint8_t>();
  if (height_first) {
    run_height(x, between, from.width);
    run_width(between, y, to.height);
  } else {
    run_width(x, between, from.height);
    run_height(between, y, to.width);
  }
  return Status();
}

void CudaResize::RunOpenCv(const uint8_t* x, uint8_t* y, cudaStream_t stream) const {
  cuda::LinearResizeArgs args;
  args.x = x;
  args.y = y;
  args.height = static_cast<int>(sizes_.to.height);
  args.width = static_cast<int>(sizes_.to.width);
  args.x_width = static_cast<int>(sizes_.from.width);
  if (OpenCvHalves(sizes_.from, sizes_.to)) return cuda::LaunchHalve(args, stream);
  args.rows = tables_.as<cuda::LinearTap>();
  args.columns = reinterpret_cast<const cuda::LinearTap*>(tables_.as<int32_t>() + columns_offset_);
  cuda::LaunchLinearResize(args, stream);
}

Status CudaResize::Run(const uint8_t* x, ImageSize from, uint8_t* y, ImageSize to, Resample dialect,
                       cudaStream_t stream) {
  SEGFORGE_CHECK(from != to);
  SEGFORGE_RETURN_IF_ERROR(Prepare({from, to, dialect}, stream));
  if (dialect == Resample::kOpenCv) {
    RunOpenCv(x, y, stream);
  } else {
    SEGFORGE_RETURN_IF_ERROR(RunPillow(x, y, stream));
  }
  return cuda::StatusOf(cudaGetLastError(), kWhat);
}

}  // namespace segforge
