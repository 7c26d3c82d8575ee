#include "api/slide.h"

#include "api/image_logits.h"
#include "backend/logit_rows.h"
#include "base/memory.h"
#include "base/stopwatch.h"

namespace segforge {

void AddWindow(const ConstTensorView& logits, const Window& window, TensorView sum, ThreadPool& pool) {
  const int64_t classes = sum.shape[2];
  const int64_t row_elems = sum.shape[1] * classes;
  auto* const data = sum.as<float>();
  pool.ParallelFor(window.height, 1, [&](int64_t begin, int64_t end, int) {
    LogitRows rows(logits, window.height, window.width);
    for (int64_t y = begin; y < end; ++y) {
      float* row = data + (window.y + y) * row_elems + window.x * classes;
      rows.ForEach(y, [&](int64_t x, const float* values) {
        for (int64_t c = 0; c < classes; ++c) row[x * classes + c] += values[c];
      });
    }
  });
}

void DivideByCounts(const std::vector<Window>& windows, TensorView sum, ThreadPool& pool) {
  // Windows form a grid, so a pixel's count is that of its row times that of its column.
  std::vector<float> of_row(static_cast<size_t>(sum.shape[0]));
  std::vector<float> of_column(static_cast<size_t>(sum.shape[1]));
  for (const Window& window : windows) {
    if (window.x == windows.front().x) {
      for (int64_t y = 0; y < window.height; ++y) ++of_row[static_cast<size_t>(window.y + y)];
    }
  }
  for (size_t i = 0; i < windows.size() && windows[i].y == windows.front().y; ++i) {
    for (int64_t x = 0; x < windows[i].width; ++x) ++of_column[static_cast<size_t>(windows[i].x + x)];
  }
  const int64_t classes = sum.shape[2];
  auto* const data = sum.as<float>();
  pool.ParallelFor(sum.shape[0], 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t y = begin; y < end; ++y) {
      float* values = data + y * sum.shape[1] * classes;
      for (const float columns : of_column) {
        const float count = of_row[static_cast<size_t>(y)] * columns;
        for (int64_t c = 0; c < classes; ++c) *values++ /= count;
      }
    }
  });
}

Result<Tensor> SlideLogits(const LoadedModel& model, const ImageView& image, Session& session,
                           Timings& times) {
  const SegmenterOptions& options = model.options;
  const std::vector<Window> windows =
      SlideWindows({image.height, image.width}, {options.crop_height, options.crop_width},
                   {options.stride_height, options.stride_width});
  const Window& first = windows.front();
  SEGFORGE_ASSIGN_OR_RETURN(const auto plan,
                            model.engine->PlanFor({1, first.height, first.width}, model.threads));
  SEGFORGE_RETURN_IF_ERROR(session.Prepare(plan));
  const Shape shape = {image.height, image.width, model.classes};
  SEGFORGE_RETURN_IF_ERROR(
      CheckMemory(shape.elems() * static_cast<int64_t>(sizeof(float)), "the windows' averaged logits"));
  Tensor sum(DType::kF32, shape);
  std::ranges::fill(sum.span<float>(), 0.0f);
  Stopwatch watch;
  for (const Window& window : windows) {
    const ImageView part = {image.data + window.y * image.stride_bytes + window.x * 3, window.height,
                            window.width, image.stride_bytes};
    SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView logits,
                              ImageLogits(session, part, model.preprocessing, times));
    watch.LapMs();
    AddWindow(ImageOf(logits, 0), window, sum.view(), session.pool());
    times.engine += watch.LapMs();
  }
  DivideByCounts(windows, sum.view(), session.pool());
  times.engine += watch.LapMs();
  return sum;
}

}  // namespace segforge
