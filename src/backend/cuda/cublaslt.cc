#include "backend/cuda/cublaslt.h"

#if __has_include(<cublasLt.h>)
#include <array>

#include "backend/cuda/cublaslt_library.h"

namespace segforge::cuda {
namespace {

constexpr int kMaxAlgorithms = 8;
constexpr uint64_t kMaxWorkspaceBytes = uint64_t{4} << 20;
constexpr uint32_t kAlignmentBytes = 64;

cudaDataType_t TypeOf(Precision precision) {
  switch (StorageOf(precision)) {
    case DType::kF16:
      return CUDA_R_16F;
    case DType::kBF16:
      return CUDA_R_16BF;
    default:
      return CUDA_R_32F;
  }
}

cublasLtEpilogue_t EpilogueOf(const CublasLtProblem& problem) {
  const bool relu = problem.activation == Activation::kRelu;
  if (problem.bias == nullptr) return relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT;
  return relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
}

// cuBLAS stores columns contiguously, so it sees every matrix transposed: y^T [n, m] = W x^T, where W is
// [k, n] to it and to be transposed, and x^T [k, m].
class Descriptors {
 public:
  Descriptors(const CublasLtApi& api, const CublasLtProblem& problem) : api_(api) {
    const cublasComputeType_t compute =
        problem.precision == Precision::kTf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    const cudaDataType_t type = TypeOf(problem.precision);
    const auto m = static_cast<uint64_t>(problem.m), n = static_cast<uint64_t>(problem.n),
               k = static_cast<uint64_t>(problem.k);
    ok_ = api.MatmulDescCreate(&operation_, compute, CUDA_R_32F) == CUBLAS_STATUS_SUCCESS &&
          api.MatrixLayoutCreate(&w_, type, k, n, problem.k) == CUBLAS_STATUS_SUCCESS &&
          api.MatrixLayoutCreate(&x_, type, k, m, problem.k) == CUBLAS_STATUS_SUCCESS &&
          api.MatrixLayoutCreate(&y_, type, n, m, problem.n) == CUBLAS_STATUS_SUCCESS;
    Set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    Set(CUBLASLT_MATMUL_DESC_EPILOGUE, EpilogueOf(problem));
    if (problem.bias != nullptr) Set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, problem.bias);
  }
  ~Descriptors() {
    if (operation_ != nullptr) api_.MatmulDescDestroy(operation_);
    for (cublasLtMatrixLayout_t layout : {w_, x_, y_}) {
      if (layout != nullptr) api_.MatrixLayoutDestroy(layout);
    }
  }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  bool ok() const { return ok_; }
  cublasLtMatmulDesc_t operation() const { return operation_; }
  cublasLtMatrixLayout_t w() const { return w_; }
  cublasLtMatrixLayout_t x() const { return x_; }
  cublasLtMatrixLayout_t y() const { return y_; }

 private:
  template <typename Value>
  void Set(cublasLtMatmulDescAttributes_t attribute, const Value& value) {
    ok_ = ok_ &&
          api_.MatmulDescSetAttribute(operation_, attribute, &value, sizeof(value)) == CUBLAS_STATUS_SUCCESS;
  }

  const CublasLtApi& api_;
  bool ok_ = false;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t w_ = nullptr, x_ = nullptr, y_ = nullptr;
};

class Preference {
 public:
  explicit Preference(const CublasLtApi& api) : api_(api) {
    ok_ = api.MatmulPreferenceCreate(&preference_) == CUBLAS_STATUS_SUCCESS;
    Set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kMaxWorkspaceBytes);
    // Parts of a sum meet in f32, always in the same order.
    Set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    for (const auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      Set(attribute, kAlignmentBytes);
    }
  }
  ~Preference() {
    if (preference_ != nullptr) api_.MatmulPreferenceDestroy(preference_);
  }
  Preference(const Preference&) = delete;
  Preference& operator=(const Preference&) = delete;

  bool ok() const { return ok_; }
  cublasLtMatmulPreference_t get() const { return preference_; }

 private:
  template <typename Value>
  void Set(cublasLtMatmulPreferenceAttributes_t attribute, const Value& value) {
    ok_ = ok_ && api_.MatmulPreferenceSetAttribute(preference_, attribute, &value, sizeof(value)) ==
                     CUBLAS_STATUS_SUCCESS;
  }

  const CublasLtApi& api_;
  bool ok_ = false;
  cublasLtMatmulPreference_t preference_ = nullptr;
};

struct Algorithm {
  std::string name;
  cublasLtMatmulAlgo_t choice;
  size_t workspace_bytes = 0;
};

std::vector<Algorithm> FindAlgorithms(const CublasLtProblem& problem) {
  const CublasLtApi* const api = FindCublasLt();
  const cublasLtHandle_t handle = CublasLtHandle();
  if (handle == nullptr || problem.activation == Activation::kGelu) return {};
  const Descriptors descriptors(*api, problem);
  const Preference preference(*api);
  if (!descriptors.ok() || !preference.ok()) return {};
  std::array<cublasLtMatmulHeuristicResult_t, kMaxAlgorithms> found = {};
  int count = 0;
  const cublasStatus_t status = api->MatmulAlgoGetHeuristic(
      handle, descriptors.operation(), descriptors.w(), descriptors.x(), descriptors.y(), descriptors.y(),
      preference.get(), kMaxAlgorithms, found.data(), &count);
  if (status != CUBLAS_STATUS_SUCCESS) return {};
  std::vector<Algorithm> algorithms;
  for (int i = 0; i < count; ++i) {
    const auto& one = found[static_cast<size_t>(i)];
    if (one.state != CUBLAS_STATUS_SUCCESS || one.workspaceSize > kMaxWorkspaceBytes) continue;
    algorithms.push_back({fmt::format("cublaslt {} #{}", api->GetVersion(), i), one.algo, one.workspaceSize});
  }
  return algorithms;
}

}  // namespace

std::vector<std::string> CublasLtAlgorithms(const CublasLtProblem& problem) {
  std::vector<std::string> names;
  for (Algorithm& algorithm : FindAlgorithms(problem)) names.push_back(std::move(algorithm.name));
  return names;
}

struct CublasLtProduct::State {
  State(const CublasLtApi& library, const CublasLtProblem& whole, Algorithm chosen)
      : api(library), descriptors(library, whole), problem(whole), algorithm(std::move(chosen)) {}

  const CublasLtApi& api;
  Descriptors descriptors;
  CublasLtProblem problem;
  Algorithm algorithm;
  cublasLtHandle_t handle = CublasLtHandle();
};

Result<CublasLtProduct> CublasLtProduct::Make(const CublasLtProblem& problem, std::string_view algorithm) {
  for (Algorithm& one : FindAlgorithms(problem)) {
    if (one.name != algorithm) continue;
    auto state = std::make_unique<State>(*FindCublasLt(), problem, std::move(one));
    if (state->descriptors.ok()) return CublasLtProduct(std::move(state));
  }
  return Unsupported("there is no algorithm \"{}\" here", algorithm);
}

int64_t CublasLtProduct::workspace_bytes() const {
  return static_cast<int64_t>(state_->algorithm.workspace_bytes);
}

bool CublasLtProduct::Launch(const void* x, const void* residual, void* y, std::byte* workspace,
                             cudaStream_t stream) const {
  const float one = 1, beta = residual == nullptr ? 0.0f : 1.0f;
  const Descriptors& d = state_->descriptors;
  return state_->api.Matmul(state_->handle, d.operation(), &one, state_->problem.w, d.w(), x, d.x(), &beta,
                            residual == nullptr ? y : residual, d.y(), y, d.y(), &state_->algorithm.choice,
                            workspace, state_->algorithm.workspace_bytes, stream) == CUBLAS_STATUS_SUCCESS;
}

#else

namespace segforge::cuda {

struct CublasLtProduct::State {};

std::vector<std::string> CublasLtAlgorithms(const CublasLtProblem&) { return {}; }

Result<CublasLtProduct> CublasLtProduct::Make(const CublasLtProblem&, std::string_view algorithm) {
  return Unsupported("there is no algorithm \"{}\" here", algorithm);
}

int64_t CublasLtProduct::workspace_bytes() const { return 0; }

bool CublasLtProduct::Launch(const void*, const void*, void*, std::byte*, cudaStream_t) const {
  return false;
}

#endif

CublasLtProduct::CublasLtProduct(std::unique_ptr<State> state) : state_(std::move(state)) {}
CublasLtProduct::CublasLtProduct(CublasLtProduct&&) noexcept = default;
CublasLtProduct& CublasLtProduct::operator=(CublasLtProduct&&) noexcept = default;
CublasLtProduct::~CublasLtProduct() = default;

}  // namespace segforge::cuda
