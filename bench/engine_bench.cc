// The engine as a worker of bench/peers: loads a model, then runs when told to, so that several engines can
// take turns in one measurement.
//   engine_bench MODEL IMAGE HEIGHT WIDTH THREADS     IMAGE: raw u8 [HEIGHT, WIDTH, 3]
// Prints one line of JSON when ready, and one for each line read from standard input:
//   engine N     times N runs from float input to logits
//   labels N     times N runs from the image to labels of its size: normalise, run, upsample and argmax
//   save PATH    writes the labels of the last such run, u8 [HEIGHT, WIDTH]
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "backend/labels.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "image/preprocess.h"
#include "model/model.h"

namespace segforge {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Arguments {
  std::filesystem::path model;
  std::filesystem::path image;
  InputSize size;
  int threads = 1;
};

Result<Image> ReadRawImage(const Arguments& arguments) {
  Image image{arguments.size.h, arguments.size.w, {}};
  image.pixels.resize(static_cast<size_t>(image.height * image.width * 3));
  std::ifstream file(arguments.image, std::ios::binary);
  const auto bytes = static_cast<std::streamsize>(image.pixels.size());
  if (!file.read(reinterpret_cast<char*>(image.pixels.data()), bytes)) {
    return InvalidInput("{}: expected {} bytes of pixels", arguments.image.string(), bytes);
  }
  return image;
}

int64_t TotalMacs(const Plan& plan) {
  int64_t macs = 0;
  for (const Step& step : plan.steps) {
    macs += step.macs;
  }
  return macs;
}

class Worker {
 public:
  static Result<std::unique_ptr<Worker>> Make(const Arguments& arguments) {
    const Clock::time_point start = Clock::now();
    SEGFORGE_ASSIGN_OR_RETURN(Image image, ReadRawImage(arguments));
    SEGFORGE_ASSIGN_OR_RETURN(Model model, LoadModel(arguments.model, {}));
    if (model.config.classes > 256) {
      return Unsupported("{} classes; the benchmark has room for 256", model.config.classes);
    }
    SEGFORGE_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine,
                              Engine::Build(std::move(model.graph), MakeCpuBackend(), {}));
    const double load_ms = MillisecondsSince(start);
    SEGFORGE_ASSIGN_OR_RETURN(std::shared_ptr<const Plan> plan,
                              engine->PlanFor(arguments.size, arguments.threads));
    SEGFORGE_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, engine->NewSession(arguments.threads));
    std::unique_ptr<Worker> worker(new Worker(std::move(image), std::move(engine), std::move(session)));
    worker->preprocessing_ = model.preprocessing;
    SEGFORGE_RETURN_IF_ERROR(worker->session_->Prepare(plan));
    SEGFORGE_RETURN_IF_ERROR(worker->RunToLabels());
    worker->ready_ = {{"load_ms", load_ms},
                      {"first_ms", MillisecondsSince(start) - load_ms},
                      {"gmac", static_cast<double>(TotalMacs(*plan)) * 1e-9}};
    return worker;
  }

  // One line of JSON.
  std::string Ready() const { return ready_.dump(); }
  std::string Answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "save") {
      std::string path;
      words >> path;
      return Save(path);
    }
    int runs = 0;
    words >> runs;
    return command == "labels" ? Time(runs, [&] { return RunToLabels(); })
                               : Time(runs, [&] { return session_->Execute(); });
  }

 private:
  Worker(Image image, std::unique_ptr<Engine> engine, std::unique_ptr<Session> session)
      : image_(std::move(image)),
        engine_(std::move(engine)),
        session_(std::move(session)),
        labels_(DType::kU8, Shape{image_.height, image_.width}) {}

  Status RunToLabels() {
    const ImageView image = image_.view();
    const LabelMaps maps = {labels_.view(), {}};
    SEGFORGE_RETURN_IF_ERROR(session_->Start({&image, 1}, preprocessing_, {.labels = DType::kU8}));
    return session_->Finish({&maps, 1}).status();
  }

  template <typename Body>
  std::string Time(int runs, const Body& body) {
    std::vector<double> times_ms;
    for (int run = 0; run < runs; ++run) {
      const Clock::time_point start = Clock::now();
      if (const Status status = body(); !status.ok())
        return nlohmann::json{{"error", status.message()}}.dump();
      times_ms.push_back(MillisecondsSince(start));
    }
    return nlohmann::json{{"times_ms", times_ms}, {"peak_rss_bytes", PeakResidentBytes()}}.dump();
  }

  std::string Save(const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    const auto labels = labels_.span<uint8_t>();
    file.write(reinterpret_cast<const char*>(labels.data()), static_cast<std::streamsize>(labels.size()));
    file.close();
    return nlohmann::json{{"saved", file.good()}}.dump();
  }

  Image image_;
  Preprocessing preprocessing_;
  std::unique_ptr<Engine> engine_;  // outlives the session, whose plan runs its kernels
  std::unique_ptr<Session> session_;
  Tensor labels_;
  nlohmann::json ready_;
};

int Main(const Arguments& arguments) {
  Result<std::unique_ptr<Worker>> worker = Worker::Make(arguments);
  if (!worker.ok()) {
    fmt::print(stderr, "engine_bench: {}\n", worker.status().message());
    return 2;
  }
  std::cout << (*worker)->Ready() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << (*worker)->Answer(line) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace segforge

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: engine_bench MODEL IMAGE HEIGHT WIDTH THREADS\n");
    return 2;
  }
  return segforge::Main(
      {argv[1], argv[2], {1, std::atoll(argv[3]), std::atoll(argv[4])}, std::atoi(argv[5])});
}
