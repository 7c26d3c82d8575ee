#include "eval/onnx_session.h"

#include <cstring>

#include "eval/onnx_runtime_api.h"
#include "formats/onnx.h"

namespace segforge {
namespace {

using namespace onnx_runtime;  // NOLINT(*-build-using-namespace): this file is all about it

Result<Tensor> Copied(const Library& library, Handle value) {
  Owned info(library, kReleaseTensorInfo);
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorTypeAndShape, value, info.out()));
  int type = 0;
  size_t rank = 0;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorElementType, info.get(), &type));
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetDimensionsCount, info.get(), &rank));
  std::vector<int64_t> dims(rank);
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetDimensions, info.get(), dims.data(), rank));
  SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, Shape::FromUntrusted(dims));
  SEGFORGE_ASSIGN_OR_RETURN(const DType dtype, OnnxDType(type));
  void* data = nullptr;
  SEGFORGE_RETURN_IF_ERROR(library.Call(kGetTensorMutableData, value, &data));
  Tensor copy(dtype, shape);
  if (shape.elems() > 0) std::memcpy(copy.view().data, data, copy.view().bytes());
  return copy;
}

}  // namespace

struct OnnxSession::State {
  explicit State(Library loaded) : library(std::move(loaded)) {}

  Status Prepare(Owned& options) {
    SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateEnv, kLogFatal, "segforge", env.out()));
    SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateCpuMemoryInfo, 0, 0, memory.out()));
    return library.Call(kCreateSessionOptions, options.out());
  }

  Library library;
  std::string name = "ONNX Runtime " + library.version();
  Owned env{library, kReleaseEnv};
  Owned memory{library, kReleaseMemoryInfo};
  Owned session{library, kReleaseSession};
};

OnnxSession::OnnxSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
OnnxSession::~OnnxSession() = default;

Result<std::unique_ptr<OnnxSession>> OnnxSession::OpenFile(const std::filesystem::path& path) {
  SEGFORGE_ASSIGN_OR_RETURN(Library loaded, Library::Load());
  auto state = std::make_unique<State>(std::move(loaded));
  Owned options(state->library, kReleaseSessionOptions);
  SEGFORGE_RETURN_IF_ERROR(state->Prepare(options));
  SEGFORGE_RETURN_IF_ERROR(state->library.Call(kCreateSession, state->env.get(), path.c_str(), options.get(),
                                               state->session.out()));
  return std::unique_ptr<OnnxSession>(new OnnxSession(std::move(state)));
}

Result<std::unique_ptr<OnnxSession>> OnnxSession::OpenBytes(const std::string& bytes) {
  SEGFORGE_ASSIGN_OR_RETURN(Library loaded, Library::Load());
  auto state = std::make_unique<State>(std::move(loaded));
  Owned options(state->library, kReleaseSessionOptions);
  SEGFORGE_RETURN_IF_ERROR(state->Prepare(options));
  SEGFORGE_RETURN_IF_ERROR(state->library.Call(kCreateSessionFromArray, state->env.get(),
                                               static_cast<const void*>(bytes.data()), bytes.size(),
                                               options.get(), state->session.out()));
  return std::unique_ptr<OnnxSession>(new OnnxSession(std::move(state)));
}

const std::string& OnnxSession::library() const { return state_->name; }

Result<std::vector<Tensor>> OnnxSession::Run(std::span<const NamedInput> inputs,
                                             std::span<const std::string> outputs) {
  const Library& library = state_->library;
  std::vector<std::unique_ptr<Owned>> owned;
  std::vector<const char*> input_names, output_names;
  std::vector<Handle> input_values, output_values(outputs.size(), nullptr);
  for (const NamedInput& input : inputs) {
    const auto dims = input.tensor.shape.dims();
    owned.push_back(std::make_unique<Owned>(library, kReleaseValue));
    SEGFORGE_RETURN_IF_ERROR(library.Call(kCreateTensorWithData, state_->memory.get(),
                                          const_cast<void*>(input.tensor.data), input.tensor.bytes(),
                                          dims.data(), dims.size(), OnnxNumberOf(input.tensor.dtype),
                                          owned.back()->out()));
    input_names.push_back(input.name.c_str());
    input_values.push_back(owned.back()->get());
  }
  for (const std::string& output : outputs) output_names.push_back(output.c_str());
  SEGFORGE_RETURN_IF_ERROR(library.Call(kRun, state_->session.get(), static_cast<void*>(nullptr),
                                        input_names.data(), input_values.data(), input_values.size(),
                                        output_names.data(), output_names.size(), output_values.data()));
  for (Handle value : output_values) {
    owned.push_back(std::make_unique<Owned>(library, kReleaseValue));
    *owned.back()->out() = value;
  }
  std::vector<Tensor> results;
  for (Handle value : output_values) {
    SEGFORGE_ASSIGN_OR_RETURN(Tensor copy, Copied(library, value));
    results.push_back(std::move(copy));
  }
  return results;
}

}  // namespace segforge
