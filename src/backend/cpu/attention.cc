#include "backend/cpu/attention.h"

#include <algorithm>
#include <limits>

#include "base/simd_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/attention.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/gemm-inl.h"
#include "backend/cpu/math-inl.h"
#include "backend/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

// A tile of scores is kQueryRows x KeyBlock floats (24 KiB with AVX2). A block's keys and values pass through
// the first-level cache (32 KiB each at every head width), and each of their panels serves all the rows.
inline constexpr int64_t kQueryRows = 4 * kTileRows;
inline constexpr int64_t kMaxKeyBlock = 256;
HWY_INLINE int64_t KeyBlock(int64_t head_width) { return head_width <= 32 ? kMaxKeyBlock : kMaxKeyBlock / 2; }
static_assert(kMaxKeyBlock / 2 % kPanelWidth == 0);

// Keys and values of all heads, packed like the B of a matrix product, with the largest squared norm of each
// panel's keys; then each thread's tiles.
struct Layout {
  int64_t key_panels, value_panels;  // a head
  int64_t head_keys_elems, head_values_elems, head_norms_elems;
  int64_t thread_elems;

  explicit Layout(const AttentionShape& s)
      : key_panels(Panels(s.keys)),
        value_panels(Panels(s.head_width)),
        head_keys_elems(key_panels * kPanelWidth * s.head_width),
        head_values_elems(value_panels * kPanelWidth * s.keys),
        head_norms_elems((key_panels + kPanelWidth - 1) / kPanelWidth * kPanelWidth),
        thread_elems(kQueryRows * (kMaxKeyBlock + value_panels * kPanelWidth)) {}
  int64_t head_elems() const { return head_keys_elems + head_values_elems + head_norms_elems; }
  int64_t packed_elems(const AttentionShape& s) const { return s.batch * s.heads * head_elems(); }
};

size_t ScratchBytes(const AttentionShape& shape, int threads) {
  const Layout layout(shape);
  return static_cast<size_t>(layout.packed_elems(shape) + threads * layout.thread_elems) * sizeof(float);
}

// One head's keys, times scale * log2(e), as [panel][channel][key of panel], zero past the last key. Returns
// the largest squared norm of what it packed.
float PackKeys(const AttentionShape& s, const float* keys, int64_t panel, float* packed) {
  const float scale = s.scale * 1.44269504f;  // softmax then takes powers of two
  float* target = packed + panel * kPanelWidth * s.head_width;
  float norms[kPanelWidth] = {};
  for (int64_t j = 0; j < kPanelWidth; ++j) {
    const int64_t key = panel * kPanelWidth + j;
    const float* row = keys + key * 2 * s.channels();
    for (int64_t c = 0; c < s.head_width; ++c) {
      const float x = key < s.keys ? row[c] * scale : 0.0f;
      target[c * kPanelWidth + j] = x;
      norms[j] += x * x;
    }
  }
  return *std::max_element(norms, norms + kPanelWidth);
}

// One head's values of keys [begin, end) as [panel][key][channel of panel], zero past the last channel.
void PackValues(const AttentionShape& s, const float* values, int64_t begin, int64_t end, float* packed) {
  for (int64_t p = 0; p < Panels(s.head_width); ++p) {
    const int64_t columns = std::min<int64_t>(kPanelWidth, s.head_width - p * kPanelWidth);
    for (int64_t key = begin; key < end; ++key) {
      float* target = packed + (p * s.keys + key) * kPanelWidth;
      const float* row = values + key * 2 * s.channels() + p * kPanelWidth;
      std::copy(row, row + columns, target);
      std::fill(target + columns, target + kPanelWidth, 0.0f);
    }
  }
}

// Packs key panels [begin, end) counted over all batches and heads, and the values of the same keys.
void Pack(const AttentionShape& s, const float* kv, float* packed, int64_t begin, int64_t end) {
  const Layout layout(s);
  for (int64_t i = begin; i < end; ++i) {
    const int64_t head = i / layout.key_panels;  // over all batches
    const int64_t panel = i % layout.key_panels;
    const float* keys = kv + head / s.heads * s.keys * 2 * s.channels() + head % s.heads * s.head_width;
    float* target = packed + head * layout.head_elems();
    float* norms = target + layout.head_keys_elems + layout.head_values_elems;
    norms[panel] = PackKeys(s, keys, panel, target);
    PackValues(s, keys + s.channels(), panel * kPanelWidth, std::min(s.keys, (panel + 1) * kPanelWidth),
               target + layout.head_keys_elems);
  }
}

// Up to kQueryRows queries of one head on their way through the blocks of keys.
struct QueryTile {
  const float* q;  // row r at q + r * channels
  int64_t row_stride;
  int64_t rows;
  float* scores;  // [kQueryRows, kMaxKeyBlock]
  float* sums;    // [kQueryRows, value_panels * kPanelWidth]: sum over keys of 2^(score - max) * value
  float max[kQueryRows];
  float total[kQueryRows];    // sum over keys of 2^(score - max)
  float rescale[kQueryRows];  // 2^(old max - new max) of the current block
  alignas(64) float lane_totals[kQueryRows * kLanes];
};

// Softmax subtracts the maximum only to stay within the range of a float. |score| <= |q| |k|, and where that
// is at most kBound for a whole tile, powers of two of the bare scores, their sums and their products with
// values can neither overflow nor lose a bit; the maximum and a second pass over the scores are then saved.
// Trained models stay far below it where it matters: 10 to 20 in the first two stages.
inline constexpr float kBound = 90.0f;

bool ScoresAreBounded(const AttentionShape& s, const QueryTile& tile, const float* key_norms) {
  const FloatTag d;
  float query_norm = 0.0f;
  for (int64_t r = 0; r < tile.rows; ++r) {
    FloatVec squares = hn::Zero(d);
    ForEachVector(d, static_cast<size_t>(s.head_width), [&](size_t c, auto lanes) HWY_ATTR {
      const FloatVec q = lanes.Load(d, tile.q + r * tile.row_stride + c);
      squares = hn::MulAdd(q, q, squares);
    });
    query_norm = std::max(query_norm, hn::GetLane(hn::SumOfLanes(d, squares)));
  }
  const float key_norm = *std::max_element(key_norms, key_norms + Panels(s.keys));
  return query_norm * key_norm <= kBound * kBound;
}

template <class Body>  // body(std::integral_constant<int, rows of tile>, first row)
HWY_INLINE void ForRowTiles(int64_t rows, const Body& body) {
  int64_t r = 0;
  for (; r + kTileRows <= rows; r += kTileRows) body(std::integral_constant<int, kTileRows>(), r);
  if (r < rows) WithRows(rows - r, [&](auto left) HWY_ATTR { body(left, r); });
}

HWY_INLINE void Scores(const AttentionShape& s, const QueryTile& tile, const float* key_panels,
                       int64_t panels) {
  for (int64_t p = 0; p < panels; ++p) {
    ForRowTiles(tile.rows, [&](auto rows, int64_t first) HWY_ATTR {
      const float* a[rows()];
      for (int r = 0; r < rows(); ++r) a[r] = tile.q + (first + r) * tile.row_stride;
      float* target = tile.scores + first * kMaxKeyBlock + p * kPanelWidth;
      MultiplyTile<rows()>(
          a, 1, 0, s.head_width, key_panels + p * kPanelWidth * s.head_width,
          [](FloatTag d, int, int) HWY_ATTR { return hn::Zero(d); },
          [=](FloatTag d, int r, int v, FloatVec sum)
              HWY_ATTR { hn::Store(sum, d, target + r * kMaxKeyBlock + v * kLanes); });
    });
  }
}

// scores = 2^scores, straight out of the products, and each row's total; `keys` from the block's first to the
// last of all.
HWY_INLINE void BoundedScores(const AttentionShape& s, QueryTile& tile, const float* key_panels,
                              int64_t panels, int64_t keys) {
  // Where the sums start: at zero, but past the last key at a score whose power vanishes.
  alignas(64) float start_scores[2 * kPanelWidth];
  std::fill(start_scores, start_scores + kPanelWidth, 0.0f);
  std::fill(start_scores + kPanelWidth, start_scores + 2 * kPanelWidth, -126.0f);
  for (int64_t p = 0; p < panels; ++p) {
    const float* starts = start_scores + kPanelWidth - std::min<int64_t>(kPanelWidth, keys - p * kPanelWidth);
    ForRowTiles(tile.rows, [&](auto rows, int64_t first) HWY_ATTR {
      const float* a[rows()];
      for (int r = 0; r < rows(); ++r) a[r] = tile.q + (first + r) * tile.row_stride;
      float* target = tile.scores + first * kMaxKeyBlock + p * kPanelWidth;
      float* totals = tile.lane_totals + first * kLanes;
      MultiplyTile<rows()>(
          a, 1, 0, s.head_width, key_panels + p * kPanelWidth * s.head_width,
          [=](FloatTag d, int, int v) HWY_ATTR { return hn::LoadU(d, starts + v * kLanes); },
          [=](FloatTag d, int r, int v, FloatVec sum) HWY_ATTR {
            const FloatVec e = Exp2(d, sum);
            hn::Store(e, d, target + r * kMaxKeyBlock + v * kLanes);
            hn::Store(hn::Add(hn::Load(d, totals + r * kLanes), e), d, totals + r * kLanes);
          });
    });
  }
}

HWY_INLINE float RowMax(const float* row, int64_t vectors) {
  const FloatTag d;
  FloatVec max0 = hn::Load(d, row);
  FloatVec max1 = max0;
  int64_t i = 1;
  for (; i + 2 <= vectors; i += 2) {
    max0 = hn::Max(max0, hn::Load(d, row + i * kLanes));
    max1 = hn::Max(max1, hn::Load(d, row + (i + 1) * kLanes));
  }
  if (i < vectors) max0 = hn::Max(max0, hn::Load(d, row + i * kLanes));
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(max0, max1)));
}

// scores -> 2^(scores - running maximum), and the row's running maximum and total.
HWY_INLINE void Exponentiate(QueryTile& tile, int64_t keys) {
  const FloatTag d;
  const int64_t vectors = (keys + kLanes - 1) / kLanes;
  for (int64_t r = 0; r < tile.rows; ++r) {
    float* row = tile.scores + r * kMaxKeyBlock;
    for (int64_t j = keys; j < vectors * kLanes; ++j) row[j] = std::numeric_limits<float>::lowest();
    const float max = std::max(tile.max[r], RowMax(row, vectors));
    const FloatVec shift = hn::Set(d, max);
    FloatVec total0 = hn::Zero(d);
    FloatVec total1 = hn::Zero(d);
    int64_t i = 0;
    for (; i + 2 <= vectors; i += 2) {
      const FloatVec e0 = Exp2NonPositive(d, hn::Sub(hn::Load(d, row + i * kLanes), shift));
      const FloatVec e1 = Exp2NonPositive(d, hn::Sub(hn::Load(d, row + (i + 1) * kLanes), shift));
      hn::Store(e0, d, row + i * kLanes);
      hn::Store(e1, d, row + (i + 1) * kLanes);
      total0 = hn::Add(total0, e0);
      total1 = hn::Add(total1, e1);
    }
    if (i < vectors) {
      const FloatVec e = Exp2NonPositive(d, hn::Sub(hn::Load(d, row + i * kLanes), shift));
      hn::Store(e, d, row + i * kLanes);
      total0 = hn::Add(total0, e);
    }
    const FloatVec rescale = Exp2NonPositive(d, hn::Sub(hn::Set(d, tile.max[r]), shift));
    tile.rescale[r] = hn::GetLane(rescale);
    tile.total[r] = tile.total[r] * tile.rescale[r] + hn::GetLane(hn::SumOfLanes(d, hn::Add(total0, total1)));
    tile.max[r] = max;
  }
}

// sums = rescale * sums + exponentials * values; value_panels start at the block's first key.
HWY_INLINE void Accumulate(const AttentionShape& s, const QueryTile& tile, const float* value_panels,
                           int64_t keys) {
  const int64_t panels = Panels(s.head_width);
  const int64_t row_elems = panels * kPanelWidth;
  for (int64_t p = 0; p < panels; ++p) {
    ForRowTiles(tile.rows, [&](auto rows, int64_t first) HWY_ATTR {
      const float* a[rows()];
      for (int r = 0; r < rows(); ++r) a[r] = tile.scores + (first + r) * kMaxKeyBlock;
      float* sums = tile.sums + first * row_elems + p * kPanelWidth;
      const float* rescale = tile.rescale + first;
      MultiplyTile<rows()>(
          a, 1, 0, keys, value_panels + p * s.keys * kPanelWidth,
          [=](FloatTag d, int r, int v) HWY_ATTR {
            return hn::Mul(hn::Set(d, rescale[r]), hn::Load(d, sums + r * row_elems + v * kLanes));
          },
          [=](FloatTag d, int r, int v, FloatVec sum)
              HWY_ATTR { hn::Store(sum, d, sums + r * row_elems + v * kLanes); });
    });
  }
}

HWY_INLINE void Attend(const AttentionShape& s, QueryTile& tile, const float* keys, const float* values) {
  std::fill(tile.max, tile.max + kQueryRows, std::numeric_limits<float>::lowest() / 2);
  const int64_t whole_block = KeyBlock(s.head_width);
  for (int64_t key = 0; key < s.keys; key += whole_block) {
    const int64_t block = std::min(whole_block, s.keys - key);
    Scores(s, tile, keys + key * s.head_width, Panels(block));
    Exponentiate(tile, block);
    Accumulate(s, tile, values + key * kPanelWidth, block);
  }
}

HWY_INLINE void AttendBounded(const AttentionShape& s, QueryTile& tile, const float* keys,
                              const float* values) {
  std::fill(tile.rescale, tile.rescale + kQueryRows, 1.0f);
  std::fill(tile.lane_totals, tile.lane_totals + kQueryRows * kLanes, 0.0f);
  const int64_t whole_block = KeyBlock(s.head_width);
  for (int64_t key = 0; key < s.keys; key += whole_block) {
    const int64_t block = std::min(whole_block, s.keys - key);
    BoundedScores(s, tile, keys + key * s.head_width, Panels(block), s.keys - key);
    Accumulate(s, tile, values + key * kPanelWidth, block);
  }
  const FloatTag d;
  for (int64_t r = 0; r < tile.rows; ++r) {
    tile.total[r] = hn::GetLane(hn::SumOfLanes(d, hn::Load(d, tile.lane_totals + r * kLanes)));
  }
}

HWY_INLINE void WriteOut(const AttentionShape& s, const QueryTile& tile, float* out) {
  const int64_t row_elems = Panels(s.head_width) * kPanelWidth;
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float inverse = 1.0f / tile.total[r];
    for (int64_t c = 0; c < s.head_width; ++c)
      out[r * s.channels() + c] = tile.sums[r * row_elems + c] * inverse;
  }
}

// Query tiles [begin, end), counted over all batches and heads.
void AttendTiles(const AttentionShape& s, const float* q, const float* packed, float* own, float* out,
                 int64_t begin, int64_t end) {
  const Layout layout(s);
  const int64_t tiles = (s.queries + kQueryRows - 1) / kQueryRows;
  for (int64_t i = begin; i < end; ++i) {
    const int64_t head = i / tiles;  // over all batches
    const int64_t first = i % tiles * kQueryRows;
    const int64_t offset =
        (head / s.heads * s.queries + first) * s.channels() + head % s.heads * s.head_width;
    const float* keys = packed + head * layout.head_elems();
    const float* values = keys + layout.head_keys_elems;
    const float* norms = values + layout.head_values_elems;
    QueryTile tile = {.q = q + offset,
                      .row_stride = s.channels(),
                      .rows = std::min(kQueryRows, s.queries - first),
                      .scores = own,
                      .sums = own + kQueryRows * kMaxKeyBlock,
                      .max = {},
                      .total = {},
                      .rescale = {},
                      .lane_totals = {}};
    std::fill(tile.sums, tile.sums + kQueryRows * layout.value_panels * kPanelWidth, 0.0f);
    if (ScoresAreBounded(s, tile, norms)) {
      AttendBounded(s, tile, keys, values);
    } else {
      Attend(s, tile, keys, values);
    }
    WriteOut(s, tile, out + offset);
  }
}

int64_t QueryTiles(const AttentionShape& s) {
  return s.batch * s.heads * ((s.queries + kQueryRows - 1) / kQueryRows);
}
int64_t KeyPanels(const AttentionShape& s) { return s.batch * s.heads * Panels(s.keys); }
float* ThreadScratch(const AttentionShape& s, std::byte* scratch, int thread) {
  const Layout layout(s);
  return reinterpret_cast<float*>(scratch) + layout.packed_elems(s) + thread * layout.thread_elems;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(ScratchBytes);
HWY_EXPORT(Pack);
HWY_EXPORT(AttendTiles);
HWY_EXPORT(QueryTiles);
HWY_EXPORT(KeyPanels);
HWY_EXPORT(ThreadScratch);

// Sixteen grains a thread: even shares to a few percent, and heads change rarely within one.
int64_t GrainOf(int64_t tiles, int threads) { return std::max<int64_t>(1, tiles / (16 * threads)); }

}  // namespace

size_t AttentionScratchBytes(const AttentionShape& shape, int threads) {
  return HWY_DYNAMIC_DISPATCH(ScratchBytes)(shape, threads);
}

void Attention(const AttentionShape& shape, const float* q, const float* kv, float* out, std::byte* scratch,
               ThreadPool& pool) {
  const auto pack = HWY_DYNAMIC_DISPATCH(Pack);
  const auto attend = HWY_DYNAMIC_DISPATCH(AttendTiles);
  const auto thread_scratch = HWY_DYNAMIC_DISPATCH(ThreadScratch);
  auto* packed = reinterpret_cast<float*>(scratch);
  pool.ParallelFor(HWY_DYNAMIC_DISPATCH(KeyPanels)(shape), 1,
                   [&](int64_t begin, int64_t end, int) { pack(shape, kv, packed, begin, end); });
  const int64_t tiles = HWY_DYNAMIC_DISPATCH(QueryTiles)(shape);
  pool.ParallelForDynamic(tiles, GrainOf(tiles, pool.threads()), [&](int64_t begin, int64_t end, int thread) {
    attend(shape, q, packed, thread_scratch(shape, scratch, thread), out, begin, end);
  });
}

}  // namespace segforge
#endif
