// Any bytes as an engine file. Bytes that are none are taken for its sections, parted by lines of "%%": then
// lengths and checksums are made to fit, so that what is in the sections is read too.
#include "engine/engine.h"
#include "engine/file/graph_json.h"
#include "engine/file/test_engine_file.h"

namespace segforge {
namespace {

SharedBytes Aligned(std::span<const std::byte> bytes) {
  const auto buffer = std::make_shared<AlignedBuffer>(bytes.size());
  std::memcpy(buffer->data(), bytes.data(), bytes.size());
  return {{buffer->data(), bytes.size()}, buffer};
}

// Writes what was read, which touches every weight, packs and plans it.
void Use(const Result<EngineFile>& file) {
  if (!file.ok()) {
    if (file.status().message().find('\n') != std::string::npos) __builtin_trap();
    return;
  }
  TextOf(file->model.graph);
  for (const Backend& backend : {MakeRefBackend(), MakeCpuBackend()}) {
    const auto engine = Engine::OfOptimized(file->model.graph, backend);
    if (engine.ok()) static_cast<void>((*engine)->PlanFor({1, 64, 96}, 1).ok());
  }
}

}  // namespace
}  // namespace segforge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  const auto bytes = std::as_bytes(std::span(data, size));
  Use(EngineFileFromBytes(Aligned(bytes)));
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t first = text.find("\n%%\n");
  const size_t second = first == std::string::npos ? first : text.find("\n%%\n", first + 4);
  if (second == std::string::npos) return 0;
  Use(EngineFileFromBytes(testing::Framed(text.substr(0, first), text.substr(first + 4, second - first - 4),
                                          text.substr(second + 4))));
  return 0;
}
