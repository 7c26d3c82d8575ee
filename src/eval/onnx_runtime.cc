#include "eval/onnx_runtime.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>

namespace segforge {
namespace {

// The library's C interface is a table of functions that only grows: these places in it are fixed since its
// version 1 (ONNX Runtime asserts so itself). Handles are opaque.
enum Place : size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetIntraOpNumThreads = 24,
  kSessionGetInputName = 36,
  kSessionGetOutputName = 37,
  kCreateTensorWithData = 49,
  kGetTensorMutableData = 51,
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
  kReleaseTensorInfo = 99,
  kReleaseSessionOptions = 100,
};
using Handle = void*;
using Function = void (*)();

constexpr uint32_t kTableVersion = 1;
constexpr int kLogErrors = 3;
constexpr int kFloat = 1;  // ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT

struct ApiBase {
  const Function* (*get_table)(uint32_t version);
  const char* (*get_version)();
};

class Library {
 public:
  static Result<Library> Load() {
    const char* chosen = std::getenv("SEGFORGE_ONNXRUNTIME");
    const std::array<const char*, 2> usual = {"libonnxruntime.so", "libonnxruntime.so.1"};
    void* library = chosen != nullptr ? dlopen(chosen, RTLD_NOW | RTLD_LOCAL) : nullptr;
    for (size_t i = 0; chosen == nullptr && library == nullptr && i < usual.size(); ++i)
      library = dlopen(usual[i], RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return Unsupported(
          "ONNX Runtime: {}: cannot be loaded; install it, or name libonnxruntime.so in "
          "$SEGFORGE_ONNXRUNTIME",
          chosen != nullptr ? chosen : usual[0]);
    }
    void* symbol = dlsym(library, "OrtGetApiBase");
    if (symbol == nullptr) return Unsupported("ONNX Runtime: the library has no OrtGetApiBase");
    const auto* base = reinterpret_cast<const ApiBase* (*)()>(symbol)();
    const Function* table = base->get_table(kTableVersion);
    if (table == nullptr)
      return Unsupported("ONNX Runtime {}: its interface is too new", base->get_version());
    return Library(table, base->get_version());  // stays loaded: its threads may outlive a model
  }

  const std::string& version() const { return version_; }

  // A function that returns a status, null for success.
  template <typename... Args>
  Status Call(Place place, Args... args) const {
    const Handle status = reinterpret_cast<Handle (*)(Args...)>(table_[place])(args...);
    if (status == nullptr) return Status();
    std::string message = reinterpret_cast<const char* (*)(Handle)>(table_[kGetErrorMessage])(status);
    for (char& c : message) c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    Release(kReleaseStatus, status);
    return InvalidInput("ONNX Runtime: {}", message);
  }
  void Release(Place place, Handle handle) const {
    if (handle != nullptr) reinterpret_cast<void (*)(Handle)>(table_[place])(handle);
  }

 private:
  Library(const Function* table, std::string version) : table_(table), version_(std::move(version)) {}
  const Function* table_;
  std::string version_;
};

// A handle and what releases it.
class Owned {
 public:
  Owned(const Library& library, Place release) : library_(library), release_(release) {}
  ~Owned() { library_.Release(release_, handle_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Handle* out() { return &handle_; }
  Handle get() const { return handle_; }

 private:
  const Library& library_;
  Place release_;
  Handle handle_ = nullptr;
};

Result<Tensor> Copy(const Library& library, Handle value) {
  Owned info(library, kReleaseTensorInfo);
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorTypeAndShape, value, info.out()));
  int type = 0;
  size_t rank = 0;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorElementType, info.get(), &type));
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetDimensionsCount, info.get(), &rank));
  if (type != kFloat || rank != 4) {
    return InvalidInput("output: expected float logits [1, classes, height, width], got {} axes of {}", rank,
                        type == kFloat ? "floats" : "another type");
  }
  std::array<int64_t, 4> dims = {};
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetDimensions, info.get(), dims.data(), rank));
  SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, Shape::FromUntrusted(dims));
  float* data = nullptr;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorMutableData, value, &data));
  return Tensor::From(shape, std::span<const float>(data, static_cast<size_t>(shape.elems())));
}

Result<std::string> NameOf(const Library& library, Place place, Handle session) {
  Handle allocator = nullptr;  // the library's own
  char* name = nullptr;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetDefaultAllocator, &allocator));
  SEGFORGE_RETURN_IF_ERROR(library.Call(place, session, size_t{0}, allocator, &name));
  std::string copy = name;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kAllocatorFree, allocator, static_cast<void*>(name)));
  return copy;
}

}  // namespace

struct OnnxModel::State {
  explicit State(Library loaded) : library(std::move(loaded)) {}

  Library library;
  Owned env{library, kReleaseEnv};
  Owned memory{library, kReleaseMemoryInfo};
  Owned session{library, kReleaseSession};
  std::string input_name;
  std::string output_name;
};

OnnxModel::OnnxModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
OnnxModel::OnnxModel(OnnxModel&&) noexcept = default;
OnnxModel& OnnxModel::operator=(OnnxModel&&) noexcept = default;
OnnxModel::~OnnxModel() = default;

const std::string& OnnxModel::version() const { return state_->library.version(); }

Result<OnnxModel> OnnxModel::Open(const std::filesystem::path& path, int threads) {
  SEGFORGE_ASSIGN_OR_RETURN(Library loaded, Library::Load());
  auto state = std::make_unique<State>(std::move(loaded));
  const Library& library = state->library;
  Owned options(library, kReleaseSessionOptions);
  SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateEnv, kLogErrors, "segforge", state->env.out()));
  SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateCpuMemoryInfo, 0, 0, state->memory.out()));
  SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateSessionOptions, options.out()));
  SEGFORGE_RETURN_IF_ERROR(library.Call(kSetIntraOpNumThreads, options.get(), threads));
  const std::string name = path.string();
  SEGFORGE_RETURN_IF_ERROR(
      library.Call(kCreateSession, state->env.get(), name.c_str(), options.get(), state->session.out()));
  SEGFORGE_ASSIGN_OR_RETURN(state->input_name, NameOf(library, kSessionGetInputName, state->session.get()));
  SEGFORGE_ASSIGN_OR_RETURN(state->output_name, NameOf(library, kSessionGetOutputName, state->session.get()));
  return OnnxModel(std::move(state));
}

Result<Tensor> OnnxModel::Run(const ConstTensorView& input) const {
  const Library& library = state_->library;
  Owned value(library, kReleaseValue);
  Owned output(library, kReleaseValue);
  const auto dims = input.shape.dims();
  SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateTensorWithData, state_->memory.get(),
                                        const_cast<void*>(input.data), input.bytes(), dims.data(),
                                        dims.size(), kFloat, value.out()));
  const char* input_name = state_->input_name.c_str();
  const char* output_name = state_->output_name.c_str();
  const Handle values[] = {value.get()};
  SEGFORGE_RETURN_IF_ERROR(library.Call(kRun, state_->session.get(), static_cast<void*>(nullptr), &input_name,
                                        &values[0], size_t{1}, &output_name, size_t{1}, output.out()));
  return Copy(library, output.get());
}

}  // namespace segforge
