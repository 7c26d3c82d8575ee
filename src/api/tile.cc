#include "api/tile.h"

#include <algorithm>
#include <cstring>

#include "api/image_logits.h"
#include "api/label_image.h"
#include "api/map_rows.h"
#include "api/row_window.h"
#include "api/windows.h"
#include "base/memory.h"
#include "base/stopwatch.h"

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

Grid MakeGrid(ImageSize image, int64_t tile, int64_t overlap) {
  const ImageSize size = {Logits(image.height) * kStep, Logits(image.width) * kStep};
  const std::vector<Window> windows = SlideWindows(size, {tile, tile}, {tile - overlap, tile - overlap});
  Grid grid = {{}, {}, windows.front().height, windows.front().width, overlap / kStep};
  for (const Window& window : windows) {
    if (window.x == 0) grid.ys.push_back(window.y);
    if (window.y == 0) grid.xs.push_back(window.x);
  }
  return grid;
}

// The tile's pixels [height, width, 3] from row y and column x on; beyond the image its last row and column
// repeat.
void CopyTile(const RowWindow& rows, ImageSize image, int64_t y, int64_t x, Image& tile) {
  for (int64_t v = 0; v < tile.height; ++v) {
    const uint8_t* row = rows.Row(std::min(y + v, image.height - 1));
    uint8_t* out = tile.pixels.data() + v * tile.width * 3;
    const int64_t inside = std::min(tile.width, image.width - x);
    std::memcpy(out, row + x * 3, static_cast<size_t>(inside) * 3);
    for (int64_t u = inside; u < tile.width; ++u) std::memcpy(out + u * 3, row + (image.width - 1) * 3, 3);
  }
}

class TileRun {
 public:
  TileRun(const LoadedModel& model, RowSource& source, const Wanted& wanted, Session& session, Grid grid)
      : model_(model),
        source_(source),
        image_{source.height(), source.width()},
        wanted_(wanted),
        session_(session),
        grid_(std::move(grid)) {}

  // Of the pixels of a row of tiles, its logits, and what is made of them.
  int64_t BandBytes() const;

  Result<Segmentation> Run(const UseRows& use);

 private:
  Status AddTile(const RowWindow& window, int64_t y, size_t column);
  void Emit(const RowWindow& window, int64_t end, const UseRows& use);
  void DropDone();

  float* Row(int64_t y) { return band_.span<float>().data() + (y - base_) * Columns() * model_.classes; }
  int64_t Columns() const { return Logits(image_.width); }
  // Of the window: a row of tiles, and above it those that are not written yet.
  int64_t WindowRows() const { return std::min(grid_.tile_height + kStep / 2, image_.height); }

  const LoadedModel& model_;
  RowSource& source_;
  ImageSize image_;
  const Wanted& wanted_;
  Session& session_;
  Grid grid_;
  Tensor band_;       // [tile's logit rows + 1, columns, classes]: sums of weighted logits from row base_ on
  int64_t base_ = 0;  // a row that is done, for interpolation, but at the start
  int64_t done_ = 0;  // logit rows before are divided by their weights
  int64_t written_ = 0;  // pixel rows
  std::vector<float> row_sums_, column_sums_;
  Image tile_;
  Timings times_;
};

int64_t TileRun::BandBytes() const {
  const int64_t rows = grid_.tile_height / kStep + 1;
  const Shape logits = {rows, Columns(), model_.classes};
  const int64_t maps = LabelImageBytes({rows * kStep, Columns() * kStep}, logits, wanted_);
  return WindowRows() * image_.width * 3 + grid_.tile_height * grid_.tile_width * 3 +
         logits.elems() * kFloatBytes + 3 * maps;  // as they come, of the image's width, and as written
}

Status TileRun::AddTile(const RowWindow& window, int64_t y, size_t column) {
  Stopwatch watch;
  CopyTile(window, image_, y, grid_.xs[column], tile_);
  times_.resize += watch.LapMs();
  SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView logits,
                            ImageLogits(session_, tile_.view(), model_.preprocessing, times_));
  watch.LapMs();
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
  times_.engine += watch.LapMs();
  return Status();
}

// Logit rows before `end` are complete: divides them, and gives the pixel rows that they decide. Of a part
// of the logits, the outer half of the first and of the last logit's pixels would need the neighbour that is
// not there.
void TileRun::Emit(const RowWindow& window, int64_t end, const UseRows& use) {
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
  Segmentation cut;
  cut.height = until - written_;
  cut.width = image_.width;
  CopyMapRows(part, written_ - base_ * kStep, cut.height, cut, 0);
  times_.labels += watch.LapMs();
  const ImageView pixels = window.Rows(written_, until);
  use(cut, {pixels.data, pixels.height, pixels.width, pixels.stride_bytes});
  written_ = until;
  done_ = end;
}

// The last row that is done stays, and those that the next tiles add to.
void TileRun::DropDone() {
  const std::span<float> values = band_.span<float>();
  const auto dropped = static_cast<size_t>((done_ - 1 - base_) * Columns() * model_.classes);
  std::copy(values.begin() + static_cast<std::ptrdiff_t>(dropped), values.end(), values.begin());
  std::ranges::fill(values.last(dropped), 0.0f);
  base_ = done_ - 1;
}

Result<Segmentation> TileRun::Run(const UseRows& use) {
  row_sums_ = WeightSums(grid_.ys, grid_.tile_height / kStep, grid_.overlap, Logits(image_.height));
  column_sums_ = WeightSums(grid_.xs, grid_.tile_width / kStep, grid_.overlap, Columns());
  band_ = Tensor(DType::kF32, {grid_.tile_height / kStep + 1, Columns(), model_.classes});
  std::ranges::fill(band_.span<float>(), 0.0f);
  tile_ = {grid_.tile_height, grid_.tile_width, {}};
  tile_.pixels.resize(static_cast<size_t>(tile_.height * tile_.width) * 3);
  RowWindow window(source_, WindowRows());
  for (size_t i = 0; i < grid_.ys.size(); ++i) {
    if (i > 0) DropDone();
    const int64_t y = grid_.ys[i];
    SEGFORGE_RETURN_IF_ERROR(window.MoveTo(written_, std::min(y + grid_.tile_height, image_.height)));
    for (size_t column = 0; column < grid_.xs.size(); ++column) {
      SEGFORGE_RETURN_IF_ERROR(AddTile(window, y, column));
    }
    const bool last = i + 1 == grid_.ys.size();
    Emit(window, last ? Logits(image_.height) : grid_.ys[i + 1] / kStep, use);
  }
  Segmentation result;
  result.height = image_.height;
  result.width = image_.width;
  result.network_height = grid_.tile_height;
  result.network_width = grid_.tile_width;
  result.timings = times_;
  return result;
}

}  // namespace

float BlendWeight(int64_t index, int64_t size, int64_t overlap) {
  if (overlap == 0) return 1;
  const float from_end = static_cast<float>(std::min(index, size - 1 - index)) + 0.5f;
  return std::min(1.0f, from_end / static_cast<float>(overlap));
}

Result<Segmentation> RunTiles(const LoadedModel& model, RowSource& image, const Wanted& wanted,
                              int64_t other_bytes, Session& session, const UseRows& use) {
  if (wanted.logits)
    return Unsupported("logits: are not kept in tile mode, which is for images too large for them");
  if (wanted.average != nullptr)
    return Unsupported("smoothing: needs logits, which are not kept in tile mode");
  const SegmenterOptions& options = model.options;
  for (int64_t tile = options.tile;; tile = std::max(kMinTile, tile / 2 / 32 * 32)) {
    const Grid grid =
        MakeGrid({image.height(), image.width()}, tile, std::min(options.overlap, tile / 2 / kStep * kStep));
    SEGFORGE_ASSIGN_OR_RETURN(const auto plan,
                              model.engine->PlanFor({1, grid.tile_height, grid.tile_width}, model.threads));
    TileRun run(model, image, wanted, session, grid);
    const int64_t bytes = run.BandBytes() + other_bytes;
    const int64_t all = bytes + static_cast<int64_t>(plan->arena_bytes) + image.held_bytes();
    if (options.max_memory_bytes > 0 && all > options.max_memory_bytes) {
      if (tile > kMinTile) continue;
      return OutOfMemory("max memory: this image needs {} MiB with tiles of {} pixels, got {} MiB", all >> 20,
                         tile, options.max_memory_bytes >> 20);
    }
    SEGFORGE_RETURN_IF_ERROR(session.Prepare(plan));
    SEGFORGE_RETURN_IF_ERROR(CheckMemory(bytes, "a row of tiles and the label maps"));
    return run.Run(use);
  }
}

Result<Segmentation> RunTiles(const LoadedModel& model, const ImageView& image, const Wanted& wanted,
                              Session& session) {
  Segmentation whole;
  whole.height = image.height;
  whole.width = image.width;
  int64_t next = 0;
  const auto keep = [&](const Segmentation& rows, const RgbView& /*pixels*/) {
    CopyMapRows(rows, 0, rows.height, whole, next);
    next += rows.height;
  };
  const int64_t result_bytes = LabelImageBytes({image.height, image.width}, {1, 1, model.classes}, wanted);
  const std::unique_ptr<RowSource> rows = RowsOf(image);
  SEGFORGE_ASSIGN_OR_RETURN(const Segmentation run,
                            RunTiles(model, *rows, wanted, result_bytes, session, keep));
  whole.network_height = run.network_height;
  whole.network_width = run.network_width;
  whole.timings = run.timings;
  return whole;
}

}  // namespace segforge
