#include "backend/cuda/mix_ffn_weights.h"

#include <bit>

#include "backend/cuda/gemm.h"
#include "backend/cuda/mix_ffn.h"
#include "base/dtype.h"

namespace segforge::cuda {
namespace {

uint32_t Bits(float value, Precision precision) {
  return precision == Precision::kFp16 ? HalfFromFloat(value) : Bfloat16FromFloat(value);
}

}  // namespace

PackedMixFfn PackMixFfn(const MixFfnTensors& from, Precision precision) {
  const size_t channels = from.gamma.size(), hidden = from.b1.size();
  const auto columns = static_cast<size_t>(FfnInputChannels(static_cast<int>(channels)));
  PackedMixFfn packed;
  packed.w1.assign(hidden * columns, 0.0f);
  packed.taps.assign(hidden / kFfnTurn * kFfnTurnWords, 0);
  for (size_t h = 0; h < hidden; ++h) {
    double bias = static_cast<double>(from.b1[h]);
    for (size_t c = 0; c < channels; ++c) {
      const float w = from.w1[h * channels + c];
      packed.w1[h * columns + c] = w * from.gamma[c];
      bias += static_cast<double>(w) * static_cast<double>(from.beta[c]);
    }
    uint32_t* turn = packed.taps.data() + h / kFfnTurn * kFfnTurnWords;
    const size_t place = h % kFfnTurn;
    for (size_t tap = 0; tap < 9; ++tap) {
      turn[place * kFfnTapWords + tap] = Bits(from.wd[tap * hidden + h], precision) << (h % 2 * 16);
    }
    turn[kFfnBiases + place] = std::bit_cast<uint32_t>(static_cast<float>(bias));
    turn[kFfnBiases + kFfnTurn + place] = std::bit_cast<uint32_t>(from.bd[h]);
  }
  packed.w2.resize(channels * hidden);
  for (size_t row = 0; row < channels; ++row) {
    const auto o = static_cast<size_t>(OutputOfPackedRow(static_cast<int>(row)));
    for (size_t h = 0; h < hidden; ++h) packed.w2[row * hidden + h] = from.w2[o * hidden + h];
  }
  return packed;
}

}  // namespace segforge::cuda
