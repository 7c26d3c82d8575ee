#include "engine/evaluate.h"

#include <cstring>

#include "engine/session.h"

namespace segforge {
namespace {

Tensor CopyOf(const ConstTensorView& view) {
  Tensor copy(view.dtype, view.shape);
  std::memcpy(copy.view().data, view.data, view.bytes());
  return copy;
}

Status FillInputs(Session& session, const Plan& plan, std::span<const ConstTensorView> inputs) {
  if (inputs.size() != plan.inputs.size()) {
    return InvalidInput("expected {} inputs, got {}", plan.inputs.size(), inputs.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorView target = session.input(i);
    if (inputs[i].dtype != target.dtype || inputs[i].shape != target.shape) {
      return InvalidInput("input {}: expected {}{}, got {}{}", i, NameOf(target.dtype),
                          ToString(target.shape), NameOf(inputs[i].dtype), ToString(inputs[i].shape));
    }
    std::memcpy(target.data, inputs[i].data, inputs[i].bytes());
  }
  return Status();
}

}  // namespace

Result<std::vector<Tensor>> Evaluate(const Graph& graph, const Backend& backend,
                                     std::span<const ConstTensorView> inputs, const InputSize& size,
                                     int threads) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::shared_ptr<SharedDevice> shared, ShareDevice(backend.traits()));
  SEGFORGE_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                            MakeSession(backend.traits(), shared, threads));
  SEGFORGE_ASSIGN_OR_RETURN(auto program, Compile(graph, backend));
  SEGFORGE_ASSIGN_OR_RETURN(auto plan, MakePlan(std::move(program), size, session->threads()));
  SEGFORGE_RETURN_IF_ERROR(session->Prepare(plan));
  SEGFORGE_RETURN_IF_ERROR(FillInputs(*session, *plan, inputs));
  SEGFORGE_RETURN_IF_ERROR(session->Execute());
  std::vector<Tensor> outputs;
  for (size_t i = 0; i < plan->outputs.size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView output, session->output(i));
    outputs.push_back(CopyOf(output));
  }
  return outputs;
}

}  // namespace segforge
