#include "eval/onnx_runtime_api.h"

#include <dlfcn.h>

#include <array>

#include "eval/shared_library.h"

namespace segforge::onnx_runtime {
namespace {

constexpr uint32_t kTableVersion = 1;

struct ApiBase {
  const Function* (*get_table)(uint32_t version);
  const char* (*get_version)();
};

}  // namespace

Result<Library> Library::Load() {
  constexpr std::array<const char*, 2> kUsual = {"libonnxruntime.so", "libonnxruntime.so.1"};
  SEGFORGE_ASSIGN_OR_RETURN(void* library, LoadLibrary("ONNX Runtime", "SEGFORGE_ONNXRUNTIME", kUsual));
  void* symbol = dlsym(library, "OrtGetApiBase");
  if (symbol == nullptr) return Unsupported("ONNX Runtime: the library has no OrtGetApiBase");
  const auto* base = reinterpret_cast<const ApiBase* (*)()>(symbol)();
  const Function* table = base->get_table(kTableVersion);
  if (table == nullptr) return Unsupported("ONNX Runtime {}: its interface is too new", base->get_version());
  return Library(table, base->get_version());
}

}  // namespace segforge::onnx_runtime
