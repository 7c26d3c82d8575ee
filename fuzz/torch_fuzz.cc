// Any bytes as a torch checkpoint of either format, and as the pickle inside of one, past the checksums and
// magic numbers that mutations seldom get right.
#include "formats/test_bytes.h"
#include "formats/torch_legacy.h"
#include "formats/torch_zip.h"
#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  using namespace testing_bytes;
  const auto bytes = std::as_bytes(std::span(data, size));
  ReadAll(TorchZipFromBytes({bytes, nullptr}));
  ReadAll(TorchLegacyFromBytes({bytes, nullptr}));
  const std::string pickle(AsText(bytes));
  const std::string archive = TorchZip(pickle, std::string(64, '\1'));
  ReadAll(TorchZipFromBytes(Borrow(archive)));
  const std::string magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  const std::string system = "\x80\x02M\xe9\x03.\x80\x02}" + PickledText("little_endian") + "\x88s.";
  const std::string legacy = magic + system + pickle;
  ReadAll(TorchLegacyFromBytes(Borrow(legacy)));
  return 0;
}
