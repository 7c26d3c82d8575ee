// OpenVINO's C interface 2.0, without its headers: functions by name, opaque handles, and four small structs.
#include <dlfcn.h>

#include <array>
#include <cstring>

#include "eval/owned_handle.h"
#include "eval/peer.h"
#include "eval/shared_library.h"

namespace segforge {
namespace {

using Handle = void*;

struct OvShape {
  int64_t rank = 0;
  int64_t* dims = nullptr;
};
struct OvDimension {
  int64_t min = 0;
  int64_t max = 0;
};
struct OvPartialShape {
  OvDimension rank;
  OvDimension* dims = nullptr;
};
struct OvVersion {
  const char* build = nullptr;  // "2024.6.0-17404-4c0f47d2335-releases/2024/6"
  const char* description = nullptr;
};

class OpenVinoLibrary {
 public:
  static Result<OpenVinoLibrary> Load() {
    constexpr std::array<const char*, 1> kUsual = {"libopenvino_c.so"};
    SEGFORGE_ASSIGN_OR_RETURN(void* library, LoadLibrary("OpenVINO", "SEGFORGE_OPENVINO", kUsual));
    return OpenVinoLibrary(library);
  }

  // A function that returns 0 for success. Variadic ones are called as such: their convention may differ.
  template <typename... Args>
  Status Call(const char* name, Args... args) const {
    return CallAs<int(Args...)>(name, args...);
  }
  template <typename Signature, typename... Args>
  Status CallAs(const char* name, Args... args) const {
    auto* function = reinterpret_cast<Signature*>(dlsym(library_, name));
    if (function == nullptr) return Unsupported("OpenVINO: the library has no {}", name);
    if (function(args...) == 0) return Status();
    auto* last = reinterpret_cast<const char* (*)()>(dlsym(library_, "ov_get_last_err_msg"));
    const char* message = last != nullptr ? last() : nullptr;
    return InvalidInput("OpenVINO: {}",
                        message != nullptr ? LastLine(message) : std::string(name) + " failed");
  }
  void Release(const char* name, Handle handle) const {
    auto* function = reinterpret_cast<void (*)(Handle)>(dlsym(library_, name));
    if (function != nullptr) function(handle);
  }

 private:
  explicit OpenVinoLibrary(void* library) : library_(library) {}
  void* library_;
};

using Owned = OwnedHandle<OpenVinoLibrary, const char*>;

// Of an infer request: ov_infer_request_get_input_tensor_by_index or .._output_..
Status TensorOf(const OpenVinoLibrary& library, const char* getter, Handle request, Owned& tensor) {
  return library.Call(getter, request, size_t{0}, tensor.out());
}

class OpenVinoModel : public Peer {
 public:
  OpenVinoModel(OpenVinoLibrary library, int threads)
      : library_(library), threads_(std::to_string(threads)) {}

  Status Open(const std::string& path) {
    OvVersion version;
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_get_openvino_version", &version));
    const std::string build = version.build;
    name_ = "OpenVINO " + build.substr(0, build.find('-'));
    library_.Release("ov_version_free", &version);
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_core_create", core_.out()));
    return library_.Call("ov_core_read_model", core_.get(), path.c_str(), static_cast<const char*>(nullptr),
                         model_.out());
  }

  const std::string& name() const override { return name_; }

  // Compiled for the one shape: with every size known, OpenVINO plans as well as it is able to.
  Status SetInput(const ConstTensorView& input) override {
    std::array<OvDimension, 4> dims;
    for (int i = 0; i < 4; ++i) dims[static_cast<size_t>(i)] = {input.shape[i], input.shape[i]};
    const OvPartialShape shape = {{4, 4}, dims.data()};
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_model_reshape_single_input", model_.get(), shape));
    SEGFORGE_RETURN_IF_ERROR(Compile());
    SEGFORGE_RETURN_IF_ERROR(
        library_.Call("ov_compiled_model_create_infer_request", compiled_.get(), request_.out()));
    Owned tensor(library_, "ov_tensor_free");
    SEGFORGE_RETURN_IF_ERROR(
        TensorOf(library_, "ov_infer_request_get_input_tensor_by_index", request_.get(), tensor));
    void* data = nullptr;
    size_t bytes = 0;
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_tensor_get_byte_size", tensor.get(), &bytes));
    if (bytes != input.bytes()) {
      return InvalidInput("OpenVINO: input: expected {} bytes of float32, got {}", input.bytes(), bytes);
    }
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_tensor_data", tensor.get(), &data));
    std::memcpy(data, input.data, bytes);
    return Status();
  }

  Result<double> RunMs() override {
    Status status;
    const double ms = TimedMs([&] { status = library_.Call("ov_infer_request_infer", request_.get()); });
    SEGFORGE_RETURN_IF_ERROR(status);
    return ms;
  }

  // Element types' numbers have changed between versions; a size of 4 bytes is taken for float32.
  Result<Tensor> Output() override {
    Owned tensor(library_, "ov_tensor_free");
    SEGFORGE_RETURN_IF_ERROR(
        TensorOf(library_, "ov_infer_request_get_output_tensor_by_index", request_.get(), tensor));
    SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, ShapeOf(tensor.get()));
    void* data = nullptr;
    size_t bytes = 0;
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_tensor_get_byte_size", tensor.get(), &bytes));
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_tensor_data", tensor.get(), &data));
    Tensor copy(DType::kF32, shape);
    if (bytes != copy.view().bytes()) {
      return InvalidInput("OpenVINO: output: expected {} of 4 bytes each, got {} bytes", ToString(shape),
                          bytes);
    }
    if (bytes > 0) std::memcpy(copy.view().data, data, bytes);
    return copy;
  }

 private:
  Status Compile() {
    const auto compile = [&](auto... properties) {
      return library_.CallAs<int(Handle, Handle, const char*, size_t, Handle*, ...)>(
          "ov_core_compile_model", core_.get(), model_.get(), "CPU", sizeof...(properties), compiled_.out(),
          properties...);
    };
    const char* threads = threads_.c_str();
    return compile("PERFORMANCE_HINT", "LATENCY", "INFERENCE_PRECISION_HINT", "f32", "INFERENCE_NUM_THREADS",
                   threads);
  }

  Result<Shape> ShapeOf(Handle tensor) const {
    OvShape dims;
    SEGFORGE_RETURN_IF_ERROR(library_.Call("ov_tensor_get_shape", tensor, &dims));
    Result<Shape> shape =
        Shape::FromUntrusted(std::span<const int64_t>(dims.dims, static_cast<size_t>(dims.rank)));
    library_.Release("ov_shape_free", &dims);
    return shape;
  }

  OpenVinoLibrary library_;
  std::string threads_;
  std::string name_;
  Owned core_{library_, "ov_core_free"};
  Owned model_{library_, "ov_model_free"};
  Owned compiled_{library_, "ov_compiled_model_free"};
  Owned request_{library_, "ov_infer_request_free"};
};

}  // namespace

Result<std::unique_ptr<Peer>> OpenOpenVino(const std::filesystem::path& onnx, int threads) {
  SEGFORGE_ASSIGN_OR_RETURN(const OpenVinoLibrary library, OpenVinoLibrary::Load());
  auto model = std::make_unique<OpenVinoModel>(library, threads);
  SEGFORGE_RETURN_IF_ERROR(model->Open(onnx.string()));
  return std::unique_ptr<Peer>(std::move(model));
}

}  // namespace segforge
