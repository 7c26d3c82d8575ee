#include "api/device.h"
#include "api/error.h"
#include "api/lone_engine.h"
#include "api/model_locator.h"
#include "api/planes.h"
#include "api/timed_runs.h"
#include "base/stopwatch.h"
#include "eval/layer_errors.h"
#include "eval/onnx_runtime.h"
#include "segforge/measure.h"

namespace segforge {
namespace {

constexpr double kMaxRelativeError = 1e-2;

std::string FolderForTorch(const std::string& model) {
  const std::filesystem::path folder = Unwrap(LocateModel(model));
  std::error_code missing;
  if (!std::filesystem::exists(folder / "config.json", missing))
    Throw(InvalidInput("{}: torch: expected a Hugging Face folder", model));
  return folder.string();
}

// A peer and the file that it runs, for messages.
struct Contestant {
  std::unique_ptr<Peer> peer;
  std::string file;

  template <typename T>
  T Unwrap(Result<T> result) const {
    if (!result.ok()) Throw(result.status().Within(file));
    return std::move(result).value();
  }
};

Contestant OpenPeer(const BenchCase& bench, const std::string& engine, const std::string& onnx) {
  const int threads = ResolveThreads(bench.segmenter.threads);
  const auto open = [](const std::string& file, auto peer) {
    if (!peer.ok()) Throw(peer.status().Within(file));
    return Contestant{std::move(peer).value(), file};
  };
  if (engine == "torch") {
    const std::string folder = FolderForTorch(bench.model);
    return open(bench.model, OpenTorch(folder, threads));
  }
  if (engine != "ort" && engine != "openvino")
    Throw(InvalidInput("engine: expected ort, openvino or torch, got \"{}\"", engine));
  if (onnx.empty()) Throw(InvalidInput("{}: expected an .onnx file to run", engine));
  if (engine == "ort") return open(onnx, OnnxModel::Open(onnx, threads));
  return open(onnx, OpenOpenVino(onnx, threads));
}

// The peer's logits against ours, both [N, classes, h, w].
Result<double> RelativeError(const std::string& name, const Tensor& theirs, const Tensor& ours) {
  if (theirs.dtype() != DType::kF32 || theirs.shape() != ours.shape()) {
    return InvalidInput("{}: output: expected f32{} as ours, got {}{}", name, ToString(ours.shape()),
                        NameOf(theirs.dtype()), ToString(theirs.shape()));
  }
  const LayerError error = CompareLayer(theirs.span<float>(), ours.span<float>());
  if (error.relative_error > kMaxRelativeError) {
    return InvalidInput(
        "{}: computes something else: its logits are {:.2g} from ours, relative to the greatest; expected "
        "{:g} "
        "at most",
        name, error.relative_error, kMaxRelativeError);
  }
  return error.relative_error;
}

// Everything that takes its turns, loaded and run once, so that its results are known to agree.
class Contest {
 public:
  Contest(const BenchCase& bench, const std::vector<std::string>& peers, const std::string& onnx) {
    for (const std::string& engine : peers) {  // before ours: what is not installed is told at once
      Stopwatch watch;
      peers_.push_back(OpenPeer(bench, engine, onnx));
      times_.push_back({peers_.back().peer->name(), watch.LapMs(), {}, 0});
    }
    ours_ = MakeLoneEngine(bench.model, bench.segmenter, {bench.batch, bench.height, bench.width});
    input_ = ToPlanes(ours_.session->input());
    ThrowIfError(ours_.session->Execute());
    const Tensor logits = ToPlanes(Unwrap(ours_.session->output(0)));
    for (size_t i = 0; i < peers_.size(); ++i) Admit(peers_[i], logits, times_[i]);
    times_.insert(times_.begin(), {"segforge", ours_.load_ms, {}, 0});
  }

  std::vector<EngineTimes> Run(const RunRule& rule) {
    std::vector<TimedRun> runs = {[this] {
      Stopwatch watch;
      ThrowIfError(ours_.session->Execute());
      return watch.LapMs();
    }};
    for (const Contestant& one : peers_) runs.emplace_back([&one] { return one.Unwrap(one.peer->RunMs()); });
    const auto turns = RunInTurns(rule, runs, [] { RestBetweenTurns(); });
    for (size_t i = 0; i < times_.size(); ++i) times_[i].runs = turns[i];
    return times_;
  }

 private:
  void Admit(const Contestant& one, const Tensor& logits, EngineTimes& times) const {
    Stopwatch watch;
    ThrowIfError(one.peer->SetInput(input_.view()).Within(one.file));
    times.load_ms += watch.LapMs();
    one.Unwrap(one.peer->RunMs());
    const Tensor theirs = one.Unwrap(one.peer->Output());
    times.relative_error = one.Unwrap(RelativeError(one.peer->name(), theirs, logits));
  }

  LoneEngine ours_;
  Tensor input_;                   // [N, 3, H, W], what every peer reads
  std::vector<Contestant> peers_;  // go before their input does
  std::vector<EngineTimes> times_;
};

}  // namespace

std::vector<EngineTimes> RunBenchInTurns(const BenchCase& bench, const std::vector<std::string>& peers,
                                         const std::string& onnx) {
  ThrowIfError(CheckRule(bench.rule));
  return Contest(bench, peers, onnx).Run(bench.rule);
}

}  // namespace segforge
