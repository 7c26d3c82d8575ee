#include <fmt/ranges.h>

#include <charconv>
#include <cstdlib>

#include "eval/child_process.h"
#include "eval/peer.h"
#include "eval/torch_peer_script.h"  // kTorchPeerScript: torch_peer.py
#include "model/one_line.h"

namespace segforge {
namespace {

constexpr std::string_view kReady = "ready ";
constexpr std::string_view kError = "error ";

class TorchModel : public Peer {
 public:
  explicit TorchModel(ChildProcess python) : python_(std::move(python)) {}

  Status Open() {
    SEGFORGE_ASSIGN_OR_RETURN(const std::string ready, Answer());
    if (!ready.starts_with(kReady)) return Unsupported("PyTorch: expected \"ready\", got \"{}\"", ready);
    name_ = fmt::format("PyTorch {}", OneLine(std::string_view(ready).substr(kReady.size())));
    return Status();
  }

  const std::string& name() const override { return name_; }

  Status SetInput(const ConstTensorView& input) override {
    SEGFORGE_RETURN_IF_ERROR(Send(fmt::format("input {}", fmt::join(input.shape.dims(), " "))));
    SEGFORGE_RETURN_IF_ERROR(python_.Send(input.data, input.bytes()));
    return Answer().status();
  }

  Result<double> RunMs() override {
    SEGFORGE_RETURN_IF_ERROR(Send("run"));
    SEGFORGE_ASSIGN_OR_RETURN(const std::string answer, Answer());
    double ms = 0;
    if (std::from_chars(answer.data(), answer.data() + answer.size(), ms).ec != std::errc())
      return Unsupported("PyTorch: expected a time, got \"{}\"", answer);
    return ms;
  }

  Result<Tensor> Output() override {
    SEGFORGE_RETURN_IF_ERROR(Send("output"));
    SEGFORGE_ASSIGN_OR_RETURN(const std::string answer, Answer());
    std::vector<int64_t> dims;
    for (const char *next = answer.data(), *end = next + answer.size(); next < end; ++next) {
      const auto read = std::from_chars(next, end, dims.emplace_back());
      if (read.ec != std::errc()) return Unsupported("PyTorch: expected sizes, got \"{}\"", answer);
      next = read.ptr;
    }
    SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, Shape::FromUntrusted(dims));
    Tensor logits(DType::kF32, shape);
    SEGFORGE_RETURN_IF_ERROR(python_.Receive(logits.view().data, logits.view().bytes()).Within("PyTorch"));
    return logits;
  }

 private:
  Status Send(std::string line) {
    line += '\n';
    return python_.Send(line.data(), line.size()).Within("PyTorch");
  }

  Result<std::string> Answer() {
    Result<std::string> line = python_.ReceiveLine();
    if (!line.ok()) return line.status().Within("PyTorch");
    if (line->starts_with(kError)) return InvalidInput("PyTorch: {}", OneLine(line->substr(kError.size())));
    return line;
  }

  ChildProcess python_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<Peer>> OpenTorch(const std::filesystem::path& folder, int threads) {
  const char* chosen = std::getenv("SEGFORGE_PYTHON");
  const std::string python = chosen != nullptr ? chosen : "python3";
  constexpr const char* kAdvice = "name a Python with torch and transformers in $SEGFORGE_PYTHON";
  Result<ChildProcess> started =
      ChildProcess::Start({python, "-c", kTorchPeerScript, folder.string(), std::to_string(threads)});
  if (!started.ok()) return Unsupported("PyTorch: {}; {}", started.status().message(), kAdvice);
  auto model = std::make_unique<TorchModel>(std::move(started).value());
  if (const Status status = model->Open(); !status.ok()) {
    const bool missing = status.message().find("ModuleNotFoundError") != std::string::npos;
    return missing ? Unsupported("{}; {}", status.message(), kAdvice) : status;
  }
  return std::unique_ptr<Peer>(std::move(model));
}

}  // namespace segforge
