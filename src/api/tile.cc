#include "api/tile.h"

#include <algorithm>
#include <cstring>

#include "api/label_image.h"
#include "api/stopwatch.h"
#include "api/windows.h"
#include "base/memory.h"

namespace segforge {
namespace {

constexpr int64_t kStep = 4;       // pixels from logit to logit
constexpr int64_t kMinTile = 256;  // smaller ones see too little around them
constexpr int64_t kFloatBytes = 4;

int64_t Logits(int64_t pixels) { return (pixels + kStep - 1) / kStep; }

// For each logit along an axis, the sum of the weights of the tiles that begin at `starts`.
std::vector<float> WeightSums(const std::vector<int64_t>& starts, int64_t size, int64_t overlap,
                              int64_t length) {
  std::vector<float> sums(static_cast<size_t>(length));
  for (const int64_t start : starts) {
    for (int64_t i = 0; i < size; ++i) {
      sums[static_cast<size_t>(start / kStep + i)] += BlendWeight(i, size, overlap);
    }
  }
  return sums;
}

struct Grid {
  std::vector<int64_t> ys, xs;  // where tiles begin, in pixels, multiples of kStep
  int64_t tile_height, tile_width;
  int64_t overlap;  // in logits
};

Grid MakeGrid(const ImageView& image, int64_t tile, int64_t overlap) {
  const ImageSize size = {Logits(image.height) * kStep, Logits(image.width) * kStep};
  const std::vector<Window> windows = SlideWindows(size, {tile, tile}, {tile - overlap, tile - overlap});
  Grid grid = {{}, {}, windows.front().height, windows.front().width, overlap / kStep};
  for (const Window& window : windows) {
    if (window.x == 0) grid.ys.push_back(window.y);
    if (window.y == 0) grid.xs.push_back(window.x);
  }
  return grid;
}

// The tile's pixels [height, width, 3]; beyond the image its last row and column repeat.
void CopyTile(const ImageView& image, int64_t y, int64_t x, Image& tile) {
  for (int64_t v = 0; v < tile.height; ++v) {
    const uint8_t* row = image.data + std::min(y + v, image.height - 1) * image.stride_bytes;
    uint8_t* out = tile.pixels.data() + v * tile.width * 3;
    const int64_t inside = std::min(tile.width, image.width - x);
    std::memcpy(out, row + x * 3, static_cast<size_t>(inside) * 3);
    for (int64_t u = inside; u < tile.width; ++u) std::memcpy(out + u * 3, row + (image.width - 1) * 3, 3);
  }
}

class TileRun {
 public:
  TileRun(const LoadedModel& model, const ImageView& image, const Wanted& wanted, Session& session, Grid grid)
      : model_(model), image_(image), wanted_(wanted), session_(session), grid_(std::move(grid)) {}

  // Of the band and what is made of it; results come on top.
  int64_t BandBytes() const {
    const int64_t columns = Logits(image_.width);
    const int64_t rows = grid_.tile_height / kStep + 1;
    const Shape logits = {rows, columns, model_.classes};
    return logits.elems() * kFloatBytes + LabelImageBytes({rows * kStep, columns * kStep}, logits, wanted_);
  }

  Result<Segmentation> Run();

 private:
  Status AddTile(int64_t y, size_t column);
  void Emit(int64_t end);
  template <typename T>
  void CopyRows(const std::vector<T>& from, int64_t planes, int64_t from_row, int64_t rows, int64_t from_rows,
                std::vector<T>& to);

  float* Row(int64_t y) { return band_.span<float>().data() + (y - base_) * Columns() * model_.classes; }
  int64_t Columns() const { return Logits(image_.width); }

  const LoadedModel& model_;
  const ImageView& image_;
  const Wanted& wanted_;
  Session& session_;
  Grid grid_;
  Tensor band_;       // [tile's logit rows + 1, columns, classes]: sums of weighted logits from row base_ on
  int64_t base_ = 0;  // a row that is done, for interpolation, but at the start
  int64_t done_ = 0;  // logit rows before are divided by their weights
  int64_t written_ = 0;  // pixel rows
  std::vector<float> row_sums_, column_sums_;
  Image tile_;
  Segmentation result_;
};

Status TileRun::AddTile(int64_t y, size_t column) {
  Stopwatch watch;
  CopyTile(image_, y, grid_.xs[column], tile_);
  Normalize(tile_.view(), model_.preprocessing, session_.input(), session_.pool());
  result_.timings.resize += watch.LapMs();
  SEGFORGE_RETURN_IF_ERROR(session_.Execute());
  const ConstTensorView logits = session_.output(0);  // [1, h, w, classes]
  const int64_t height = logits.shape[1], width = logits.shape[2], classes = model_.classes;
  session_.pool().ParallelFor(height, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t v = begin; v < end; ++v) {
      const float row_weight = BlendWeight(v, height, grid_.overlap);
      const float* from = logits.as<float>() + v * width * classes;
      float* to = Row(y / kStep + v) + grid_.xs[column] / kStep * classes;
      for (int64_t u = 0; u < width; ++u) {
        const float weight = row_weight * BlendWeight(u, width, grid_.overlap);
        for (int64_t c = 0; c < classes; ++c) *to++ += weight * *from++;
      }
    }
  });
  result_.timings.engine += watch.LapMs();
  return Status();
}

// planes of [from_rows, columns] to planes of [image's height, width], from row written_ on.
template <typename T>
void TileRun::CopyRows(const std::vector<T>& from, int64_t planes, int64_t from_row, int64_t rows,
                       int64_t from_rows, std::vector<T>& to) {
  if (from.empty()) return;
  to.resize(static_cast<size_t>(planes * image_.height * image_.width));
  for (int64_t p = 0; p < planes; ++p) {
    for (int64_t y = 0; y < rows; ++y) {
      const T* row = from.data() + (p * from_rows + from_row + y) * Columns() * kStep;
      std::copy_n(row, image_.width, to.data() + (p * image_.height + written_ + y) * image_.width);
    }
  }
}

// Logit rows before `end` are complete: divides them, and writes the pixel rows that they decide. Of a part
// of the logits, the outer half of the first and of the last logit's pixels would need the neighbour that is
// not there.
void TileRun::Emit(int64_t end) {
  Stopwatch watch;
  const int64_t classes = model_.classes;
  for (int64_t y = done_; y < end; ++y) {
    float* values = Row(y);
    for (const float column : column_sums_) {
      const float sum = row_sums_[static_cast<size_t>(y)] * column;
      for (int64_t c = 0; c < classes; ++c) *values++ /= sum;
    }
  }
  const int64_t rows = end - base_;
  const ConstTensorView logits = {Row(base_), DType::kF32, {rows, Columns(), classes}};
  const Segmentation part = MakeSegmentation(logits, {rows * kStep, Columns() * kStep}, wanted_,
                                             model_.label_kernel, session_.pool());
  const bool last = end == Logits(image_.height);
  const int64_t until = last ? image_.height : end * kStep - kStep / 2;
  const int64_t first = written_ - base_ * kStep;
  CopyRows(part.labels8, 1, first, until - written_, rows * kStep, result_.labels8);
  CopyRows(part.labels16, 1, first, until - written_, rows * kStep, result_.labels16);
  CopyRows(part.confidence, 1, first, until - written_, rows * kStep, result_.confidence);
  CopyRows(part.top_labels, wanted_.top_k, first, until - written_, rows * kStep, result_.top_labels);
  CopyRows(part.top_probabilities, wanted_.top_k, first, until - written_, rows * kStep,
           result_.top_probabilities);
  written_ = until;
  done_ = end;
  result_.timings.labels += watch.LapMs();
}

Result<Segmentation> TileRun::Run() {
  row_sums_ = WeightSums(grid_.ys, grid_.tile_height / kStep, grid_.overlap, Logits(image_.height));
  column_sums_ = WeightSums(grid_.xs, grid_.tile_width / kStep, grid_.overlap, Columns());
  band_ = Tensor(DType::kF32, {grid_.tile_height / kStep + 1, Columns(), model_.classes});
  std::ranges::fill(band_.span<float>(), 0.0f);
  tile_ = {grid_.tile_height, grid_.tile_width, {}};
  tile_.pixels.resize(static_cast<size_t>(tile_.height * tile_.width) * 3);
  result_.height = image_.height;
  result_.width = image_.width;
  result_.network_height = grid_.tile_height;
  result_.network_width = grid_.tile_width;
  for (size_t i = 0; i < grid_.ys.size(); ++i) {
    for (size_t column = 0; column < grid_.xs.size(); ++column) {
      SEGFORGE_RETURN_IF_ERROR(AddTile(grid_.ys[i], column));
    }
    const bool last = i + 1 == grid_.ys.size();
    Emit(last ? Logits(image_.height) : grid_.ys[i + 1] / kStep);
    if (last) break;
    // The last row that is done stays, and those that the next tiles add to.
    const std::span<float> values = band_.span<float>();
    const auto dropped = static_cast<size_t>((done_ - 1 - base_) * Columns() * model_.classes);
    std::copy(values.begin() + static_cast<std::ptrdiff_t>(dropped), values.end(), values.begin());
    std::ranges::fill(values.last(dropped), 0.0f);
    base_ = done_ - 1;
  }
  return std::move(result_);
}

}  // namespace

float BlendWeight(int64_t index, int64_t size, int64_t overlap) {
  if (overlap == 0) return 1;
  const float from_end = static_cast<float>(std::min(index, size - 1 - index)) + 0.5f;
  return std::min(1.0f, from_end / static_cast<float>(overlap));
}

Result<Segmentation> RunTiles(const LoadedModel& model, const ImageView& image, const Wanted& wanted,
                              Session& session) {
  if (wanted.logits)
    return Unsupported("logits: are not kept in tile mode, which is for images too large for them");
  const SegmenterOptions& options = model.options;
  const ImageSize size = {image.height, image.width};
  const int64_t result_bytes = LabelImageBytes(size, {1, 1, model.classes}, wanted);
  for (int64_t tile = options.tile;; tile = std::max(kMinTile, tile / 2 / 32 * 32)) {
    const Grid grid = MakeGrid(image, tile, std::min(options.overlap, tile / 2 / kStep * kStep));
    SEGFORGE_ASSIGN_OR_RETURN(const auto plan,
                              model.engine->PlanFor({1, grid.tile_height, grid.tile_width}, model.threads));
    TileRun run(model, image, wanted, session, grid);
    const int64_t bytes = run.BandBytes() + result_bytes + grid.tile_height * grid.tile_width * 3;
    const int64_t all = bytes + static_cast<int64_t>(plan->arena_bytes) + image.height * image.width * 3;
    if (options.max_memory_bytes > 0 && all > options.max_memory_bytes) {
      if (tile > kMinTile) continue;
      return OutOfMemory("max memory: this image needs {} MiB with tiles of {} pixels, got {} MiB", all >> 20,
                         tile, options.max_memory_bytes >> 20);
    }
    SEGFORGE_RETURN_IF_ERROR(session.Prepare(plan));
    SEGFORGE_RETURN_IF_ERROR(CheckMemory(bytes, "a row of tiles and the label maps"));
    return run.Run();
  }
}

}  // namespace segforge
