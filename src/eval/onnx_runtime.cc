#include "eval/onnx_runtime.h"

#include <array>
#include <cstring>

#include "eval/onnx_runtime_api.h"

namespace segforge {
namespace {

using namespace onnx_runtime;  // NOLINT(*-build-using-namespace): this file is all about it

struct TypeAndShape {
  int type = 0;
  std::vector<int64_t> dims;  // -1: any
};

Result<TypeAndShape> Describe(const Library& library, Handle info) {
  TypeAndShape result;
  size_t rank = 0;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorElementType, info, &result.type));
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetDimensionsCount, info, &rank));
  result.dims.resize(rank);
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetDimensions, info, result.dims.data(), rank));
  return result;
}

Result<TypeAndShape> DescribeInput(const Library& library, Handle session) {
  Owned type(library, kReleaseTypeInfo);
  Handle info = nullptr;  // belongs to `type`; null for what is no tensor
  SEGFORGE_RETURN_IF_ERROR(library.Call(kSessionGetInputTypeInfo, session, size_t{0}, type.out()));
  SEGFORGE_RETURN_IF_ERROR(library.Call(kCastTypeInfoToTensorInfo, type.get(), &info));
  if (info == nullptr) return InvalidInput("ONNX Runtime: input: expected a tensor");
  SEGFORGE_ASSIGN_OR_RETURN(TypeAndShape input, Describe(library, info));
  const bool images = input.dims.size() == 4 && (input.dims[1] == 3 || input.dims[1] < 0);
  if (input.type != kFloat || !images) {
    return InvalidInput("ONNX Runtime: input: expected floats [N, 3, height, width], got {} axes of {}",
                        input.dims.size(), input.type == kFloat ? "floats" : "another type");
  }
  return input;
}

Result<DType> DTypeOf(int type) {
  switch (type) {
    case kFloat:
      return DType::kF32;
    case kUint8:
      return DType::kU8;
    case kInt8:
      return DType::kI8;
    case kUint16:
      return DType::kU16;
    case kInt16:
      return DType::kI16;
    case kInt32:
      return DType::kI32;
    case kInt64:
      return DType::kI64;
    default:
      return InvalidInput("ONNX Runtime: output: expected floats or whole numbers, got ONNX's type {}", type);
  }
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

  Status Open(const std::string& path, int threads) {
    Owned options(library, kReleaseSessionOptions);
    SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateEnv, kLogErrors, "segforge", env.out()));
    SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateCpuMemoryInfo, 0, 0, memory.out()));
    SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateSessionOptions, options.out()));
    SEGFORGE_RETURN_IF_ERROR(library.Call(kSetIntraOpNumThreads, options.get(), threads));
    SEGFORGE_RETURN_IF_ERROR(
        library.Call(kCreateSession, env.get(), path.c_str(), options.get(), session.out()));
    SEGFORGE_ASSIGN_OR_RETURN(input_type, DescribeInput(library, session.get()));
    SEGFORGE_ASSIGN_OR_RETURN(input_name, NameOf(library, kSessionGetInputName, session.get()));
    SEGFORGE_ASSIGN_OR_RETURN(output_name, NameOf(library, kSessionGetOutputName, session.get()));
    return Status();
  }

  Library library;
  std::string name = "ONNX Runtime " + library.version();
  Owned env{library, kReleaseEnv};
  Owned memory{library, kReleaseMemoryInfo};
  Owned session{library, kReleaseSession};
  Owned input{library, kReleaseValue};
  Owned output{library, kReleaseValue};
  TypeAndShape input_type;
  std::string input_name;
  std::string output_name;
};

OnnxModel::OnnxModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
OnnxModel::~OnnxModel() = default;

Result<std::unique_ptr<OnnxModel>> OnnxModel::Open(const std::filesystem::path& path, int threads) {
  SEGFORGE_ASSIGN_OR_RETURN(Library loaded, Library::Load());
  auto state = std::make_unique<State>(std::move(loaded));
  SEGFORGE_RETURN_IF_ERROR(state->Open(path.string(), threads));
  return std::unique_ptr<OnnxModel>(new OnnxModel(std::move(state)));
}

const std::string& OnnxModel::name() const { return state_->name; }

std::optional<ImageSize> OnnxModel::fixed_size() const {
  const std::vector<int64_t>& dims = state_->input_type.dims;
  if (dims[2] < 1 || dims[3] < 1) return std::nullopt;
  return ImageSize{dims[2], dims[3]};
}

Status OnnxModel::SetInput(const ConstTensorView& input) {
  const auto fixed = fixed_size();
  if (fixed && *fixed != ImageSize{input.shape[2], input.shape[3]}) {
    return InvalidInput("{}: takes images of {}x{} alone, got {}x{}", name(), fixed->height, fixed->width,
                        input.shape[2], input.shape[3]);
  }
  const auto dims = input.shape.dims();
  return state_->library.Call(kCreateTensorWithData, state_->memory.get(), const_cast<void*>(input.data),
                              input.bytes(), dims.data(), dims.size(), static_cast<int>(kFloat),
                              state_->input.out());
}

Result<double> OnnxModel::RunMs() {
  const char* input_name = state_->input_name.c_str();
  const char* output_name = state_->output_name.c_str();
  const Handle values[] = {state_->input.get()};
  Status status;
  Handle* output = state_->output.out();
  const double ms = TimedMs([&] {
    status = state_->library.Call(kRun, state_->session.get(), static_cast<void*>(nullptr), &input_name,
                                  &values[0], size_t{1}, &output_name, size_t{1}, output);
  });
  SEGFORGE_RETURN_IF_ERROR(status);
  return ms;
}

Result<Tensor> OnnxModel::Output() {
  const Library& library = state_->library;
  Owned info(library, kReleaseTensorInfo);
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorTypeAndShape, state_->output.get(), info.out()));
  SEGFORGE_ASSIGN_OR_RETURN(const TypeAndShape type, Describe(library, info.get()));
  SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, Shape::FromUntrusted(type.dims));
  SEGFORGE_ASSIGN_OR_RETURN(const DType dtype, DTypeOf(type.type));
  void* data = nullptr;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorMutableData, state_->output.get(), &data));
  Tensor copy(dtype, shape);
  if (shape.elems() > 0) std::memcpy(copy.view().data, data, copy.view().bytes());
  return copy;
}

}  // namespace segforge
