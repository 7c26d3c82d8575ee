// ONNX Runtime's C interface, without its header: a table of functions that only grows. Their places in it
// are fixed since its version 1 (ONNX Runtime asserts so itself). Handles are opaque.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "eval/owned_handle.h"
#include "model/one_line.h"

namespace segforge::onnx_runtime {

enum Place : size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetIntraOpNumThreads = 24,
  kSessionGetInputTypeInfo = 33,
  kSessionGetInputName = 36,
  kSessionGetOutputName = 37,
  kCreateTensorWithData = 49,
  kGetTensorMutableData = 51,
  kCastTypeInfoToTensorInfo = 55,
  kGetTensorElementType = 60,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kAllocatorFree = 76,
  kGetDefaultAllocator = 78,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTypeInfo = 98,
  kReleaseTensorInfo = 99,
  kReleaseSessionOptions = 100,
};
using Handle = void*;
using Function = void (*)();

constexpr int kLogErrors = 3;
constexpr int kLogFatal = 4;

// ONNX_TENSOR_ELEMENT_DATA_TYPE_...
enum ElementType : int { kFloat = 1, kUint8 = 2, kInt8 = 3, kUint16 = 4, kInt16 = 5, kInt32 = 6, kInt64 = 7 };

class Library {
 public:
  static Result<Library> Load();

  const std::string& version() const { return version_; }  // "1.20.1"

  // A function that returns a status, null for success.
  template <typename... Args>
  Status Call(Place place, Args... args) const {
    const Handle status = reinterpret_cast<Handle (*)(Args...)>(table_[place])(args...);
    if (status == nullptr) return Status();
    std::string message = reinterpret_cast<const char* (*)(Handle)>(table_[kGetErrorMessage])(status);
    Release(kReleaseStatus, status);
    return InvalidInput("ONNX Runtime: {}", OneLine(message));
  }
  void Release(Place place, Handle handle) const {
    reinterpret_cast<void (*)(Handle)>(table_[place])(handle);
  }

 private:
  Library(const Function* table, std::string version) : table_(table), version_(std::move(version)) {}
  const Function* table_;
  std::string version_;
};

using Owned = OwnedHandle<Library, Place>;

}  // namespace segforge::onnx_runtime
