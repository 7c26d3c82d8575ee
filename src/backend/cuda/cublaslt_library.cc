#if __has_include(<cublasLt.h>)
#include "backend/cuda/cublaslt_library.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <mutex>

namespace segforge::cuda {
namespace {

void* OpenLibrary() {
  if (const char* chosen = std::getenv("SEGFORGE_CUBLASLT")) return dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
  for (const char* folder : {"", "/usr/local/cuda/lib64/"}) {
    for (const int major : {CUBLAS_VER_MAJOR, 13, 12}) {
      const std::string name = fmt::format("{}libcublasLt.so.{}", folder, major);
      if (void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    }
  }
  return nullptr;
}

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

const CublasLtApi* Load() {
  static CublasLtApi api;
  void* const library = OpenLibrary();
  if (library == nullptr) return nullptr;
  const bool complete =
      Find(library, "cublasLtCreate", api.Create) && Find(library, "cublasLtGetVersion", api.GetVersion) &&
      Find(library, "cublasLtMatmul", api.Matmul) &&
      Find(library, "cublasLtMatmulAlgoGetHeuristic", api.MatmulAlgoGetHeuristic) &&
      Find(library, "cublasLtMatmulDescCreate", api.MatmulDescCreate) &&
      Find(library, "cublasLtMatmulDescDestroy", api.MatmulDescDestroy) &&
      Find(library, "cublasLtMatmulDescSetAttribute", api.MatmulDescSetAttribute) &&
      Find(library, "cublasLtMatrixLayoutCreate", api.MatrixLayoutCreate) &&
      Find(library, "cublasLtMatrixLayoutDestroy", api.MatrixLayoutDestroy) &&
      Find(library, "cublasLtMatmulPreferenceCreate", api.MatmulPreferenceCreate) &&
      Find(library, "cublasLtMatmulPreferenceDestroy", api.MatmulPreferenceDestroy) &&
      Find(library, "cublasLtMatmulPreferenceSetAttribute", api.MatmulPreferenceSetAttribute);
  return complete ? &api : nullptr;
}

}  // namespace

const CublasLtApi* FindCublasLt() {
  static const CublasLtApi* const api = Load();
  return api;
}

cublasLtHandle_t CublasLtHandle() {
  static std::mutex mutex;
  static std::map<int, cublasLtHandle_t> handles;  // of each device
  const CublasLtApi* const api = FindCublasLt();
  int device = 0;
  if (api == nullptr || cudaGetDevice(&device) != cudaSuccess) return nullptr;
  const std::lock_guard lock(mutex);
  const auto [handle, is_new] = handles.try_emplace(device, nullptr);
  if (is_new && api->Create(&handle->second) != CUBLAS_STATUS_SUCCESS) handle->second = nullptr;
  return handle->second;
}

}  // namespace segforge::cuda
#endif
