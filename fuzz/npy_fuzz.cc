// Any bytes as a .npy file and as a .npz archive; what is read and row-major survives a round trip.
#include "formats/npy.h"
#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  const auto bytes = std::as_bytes(std::span(data, size));
  ReadAll(NpzFromBytes({bytes, nullptr}));
  const auto array = NpyFromBytes({bytes, nullptr}, "a");
  ReadAll(array);
  if (!array.ok()) return 0;
  const std::vector<std::byte> again = EncodeNpy(array->tensors[0].tensor);
  const auto read = NpyFromBytes({again, nullptr}, "a");
  if (!read.ok() || !(read->tensors[0].tensor.shape == array->tensors[0].tensor.shape)) __builtin_trap();
  return 0;
}
