#include "engine/plan.h"

#include <algorithm>

#include "engine/memory_plan.h"
#include "ir/op_table.h"

namespace segforge {
namespace {

// More pixels than any machine holds, and few enough that a dimension made of them cannot overflow.
constexpr int64_t kMaxPixels = int64_t{1} << 40;

Status CheckSize(const InputSize& size) {
  int64_t pixels = 0;
  const bool positive = size.n >= 1 && size.h >= 1 && size.w >= 1;
  if (!positive || __builtin_mul_overflow(size.n, size.h, &pixels) ||
      __builtin_mul_overflow(pixels, size.w, &pixels) || pixels > kMaxPixels) {
    return InvalidInput("input size {}x{}x{}: expected 1 to {} pixels", size.n, size.h, size.w, kMaxPixels);
  }
  return Status();
}

Result<Shape> ShapeAt(const ValueType& type, const InputSize& size) {
  std::vector<int64_t> dims;
  for (const Dim& dim : type.shape) {
    dims.push_back(dim.Evaluate(size));
    if (dims.back() < 1) {
      return InvalidInput("an input of {}x{} is too small: {} would be empty", size.h, size.w,
                          ToString(type.shape));
    }
  }
  return Shape::FromUntrusted(dims);
}

Result<std::vector<Shape>> ShapesAt(std::span<const ValueType> types, const InputSize& size) {
  std::vector<Shape> shapes;
  for (const ValueType& type : types) {
    SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, ShapeAt(type, size));
    shapes.push_back(shape);
  }
  return shapes;
}

class Planner {
 public:
  Planner(const Program& program, Plan& plan, std::vector<Shape> shapes)
      : program_(program), plan_(plan), shapes_(std::move(shapes)), value_buffers_(program.values.size()) {}

  Status Run(std::span<const std::string> tactics) {
    plan_.steps.resize(program_.instructions.size());
    for (size_t step = 0; step < plan_.steps.size(); ++step) {
      SEGFORGE_RETURN_IF_ERROR(ChooseKernel(step, tactics.empty() ? "" : tactics[step]));
    }
    FindLastReads();
    for (const ValueId input : program_.inputs) value_buffers_[input] = NewBuffer(input, 0);
    for (size_t step = 0; step < program_.instructions.size(); ++step) {
      PlaceOutput(static_cast<int>(step));
      PlaceScratch(static_cast<int>(step));
    }
    SEGFORGE_ASSIGN_OR_RETURN(memory_, PlanMemory(buffers_));
    plan_.arena_bytes = memory_.arena_bytes;
    plan_.peak_bytes = PeakBytes(buffers_);
    for (const ValueId input : program_.inputs) plan_.inputs.push_back(PlaceOf(input));
    for (const ValueId output : program_.outputs) plan_.outputs.push_back(PlaceOf(output));
    for (size_t step = 0; step < program_.instructions.size(); ++step) {
      SEGFORGE_RETURN_IF_ERROR(FillStep(step));
    }
    return Status();
  }

 private:
  std::vector<Shape> InputShapes(const Instruction& instruction) const {
    std::vector<Shape> inputs;
    for (const ValueId input : instruction.inputs) inputs.push_back(shapes_[input]);
    return inputs;
  }

  Status ChooseKernel(size_t index, std::string_view tactic) {
    const Instruction& instruction = program_.instructions[index];
    Step& step = plan_.steps[index];
    step.run = instruction.kernel.get();
    if (tactic.empty()) return Status();
    auto tuned = instruction.kernel->WithTactic(InputShapes(instruction), tactic);
    if (!tuned.ok()) {
      return tuned.status().code() == StatusCode::kUnsupported ? Status() : tuned.status();
    }
    step.tactic = tactic;
    step.tuned = std::move(tuned).value();
    step.run = step.tuned.get();
    return Status();
  }

  int LastStep() const { return std::max(0, static_cast<int>(program_.instructions.size()) - 1); }
  size_t BytesOf(ValueId value) const {
    return static_cast<size_t>(shapes_[value].elems()) * SizeOf(program_.values[value].dtype);
  }

  void FindLastReads() {
    last_reads_.assign(program_.values.size(), 0);
    for (size_t step = 0; step < program_.instructions.size(); ++step) {
      const Instruction& instruction = program_.instructions[step];
      last_reads_[instruction.output] = static_cast<int>(step);
      for (const ValueId input : instruction.inputs) last_reads_[input] = static_cast<int>(step);
    }
    for (const ValueId input : program_.inputs) last_reads_[input] = LastStep();
    for (const ValueId output : program_.outputs) last_reads_[output] = LastStep();
    kept_.assign(program_.values.size(), false);
    for (const ValueId input : program_.inputs) kept_[input] = true;
    for (const ValueId output : program_.outputs) kept_[output] = true;
  }

  size_t NewBuffer(ValueId value, int step) {
    buffers_.push_back({BytesOf(value), step, last_reads_[value]});
    return buffers_.size() - 1;
  }

  // Whether the output of a step may take over the bytes of one of its inputs.
  bool MayTakeOver(const Instruction& instruction, ValueId input, int step) const {
    if (kept_[input] || last_reads_[input] != step || BytesOf(input) != BytesOf(instruction.output)) {
      return false;
    }
    for (size_t i = 0; i < instruction.inputs.size(); ++i) {  // an input may be read in two places
      if (instruction.inputs[i] == input && !plan_.steps[static_cast<size_t>(step)].run->MayOverwrite(i))
        return false;
    }
    return true;
  }

  void PlaceOutput(int step) {
    const Instruction& instruction = program_.instructions[static_cast<size_t>(step)];
    for (const ValueId input : instruction.inputs) {
      if (!MayTakeOver(instruction, input, step)) continue;
      value_buffers_[instruction.output] = value_buffers_[input];
      buffers_[value_buffers_[input]].last = last_reads_[instruction.output];
      return;
    }
    value_buffers_[instruction.output] = NewBuffer(instruction.output, step);
  }

  void PlaceScratch(int step) {
    const Instruction& instruction = program_.instructions[static_cast<size_t>(step)];
    const Kernel& kernel = *plan_.steps[static_cast<size_t>(step)].run;
    scratch_buffers_.push_back(buffers_.size());
    buffers_.push_back({kernel.ScratchBytes(InputShapes(instruction), plan_.threads), step, step});
  }

  BufferPlace PlaceOf(ValueId value) const {
    return {memory_.offsets[value_buffers_[value]], program_.values[value].dtype, shapes_[value]};
  }

  Status FillStep(size_t index) {
    const Instruction& instruction = program_.instructions[index];
    Step& step = plan_.steps[index];
    step.name = instruction.name;
    step.kernel = instruction.kernel_name;
    for (const ValueId input : instruction.inputs) step.inputs.push_back(PlaceOf(input));
    step.output = PlaceOf(instruction.output);
    step.scratch_offset_bytes = memory_.offsets[scratch_buffers_[index]];
    step.scratch_bytes = buffers_[scratch_buffers_[index]].bytes;
    if (const auto macs = RowOf(instruction.op).macs; macs != nullptr) {
      SEGFORGE_ASSIGN_OR_RETURN(const auto operands, ShapesAt(instruction.operands, plan_.size));
      step.macs = macs(operands, shapes_[instruction.output], instruction.attributes);
    }
    return Status();
  }

  const Program& program_;
  Plan& plan_;
  std::vector<Shape> shapes_;    // of each value
  std::vector<int> last_reads_;  // the last step that needs each value
  std::vector<bool> kept_;       // of each value: an input or output of the program
  std::vector<BufferLife> buffers_;
  std::vector<size_t> value_buffers_;    // the buffer of each value
  std::vector<size_t> scratch_buffers_;  // the buffer of each instruction's scratch
  MemoryPlan memory_;
};

}  // namespace

Result<std::shared_ptr<const Plan>> MakePlan(std::shared_ptr<const Program> program, const InputSize& size,
                                             int threads, std::span<const std::string> tactics) {
  SEGFORGE_CHECK(threads >= 1);
  SEGFORGE_CHECK(tactics.empty() || tactics.size() == program->instructions.size());
  SEGFORGE_RETURN_IF_ERROR(CheckSize(size));
  SEGFORGE_ASSIGN_OR_RETURN(std::vector<Shape> shapes, ShapesAt(program->values, size));
  auto plan = std::make_shared<Plan>();
  plan->size = size;
  plan->threads = threads;
  plan->program = std::move(program);
  SEGFORGE_RETURN_IF_ERROR(Planner(*plan->program, *plan, std::move(shapes)).Run(tactics));
  return std::shared_ptr<const Plan>(std::move(plan));
}

}  // namespace segforge
