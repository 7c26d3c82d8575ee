// Any bytes as a safetensors file; the first 8, its header's length, are made to fit half of the time.
#include "formats/safetensors.h"
#include "formats/test_bytes.h"
#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  const auto bytes = std::as_bytes(std::span(data, size));
  ReadAll(SafetensorsFromBytes({bytes, nullptr}));
  const std::string text(AsText(bytes));
  const size_t end = text.rfind('}');
  if (end == std::string::npos) return 0;
  const std::string fitted = testing_bytes::Safetensors(text.substr(0, end + 1), text.substr(end + 1));
  ReadAll(SafetensorsFromBytes(testing_bytes::Borrow(fitted)));
  return 0;
}
