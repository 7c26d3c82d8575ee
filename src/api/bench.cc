#include <algorithm>
#include <array>
#include <optional>

#include "api/device.h"
#include "api/error.h"
#include "api/lone_engine.h"
#include "api/model_locator.h"
#include "api/timed_runs.h"
#include "backend/cuda/cuda.h"
#include "base/memory.h"
#include "base/stopwatch.h"
#include "image/decode.h"
#include "image/encode.h"
#include "image/preprocess.h"
#include "segforge/files.h"
#include "segforge/measure.h"

namespace segforge {
namespace {

constexpr size_t kParts = 5;
constexpr std::array<const char*, kParts> kPartNames = {"decode", "resize", "engine", "labels", "encode"};

// What a run decodes: the given file, or the photograph that comes with the built-in model.
FileBytes BenchImage(const BenchCase& bench) {
  if (!bench.image.empty()) {
    LoadImage(bench.image);  // whose message names the file
    return ReadBytes(bench.image);
  }
  const Result<std::filesystem::path> model = LocateModel("street-b0");
  if (!model.ok()) {
    Throw(InvalidInput("the photograph to run on is not installed ({}); give an image",
                       model.status().message()));
  }
  const Image photograph = Unwrap(ReadImage(*model / "demo" / "street_day.jpg"));
  const ImageSize size = {bench.height, bench.width};
  if (size == ImageSize{photograph.height, photograph.width}) return Unwrap(EncodePng(photograph.view()));
  return Unwrap(EncodePng(Resize(photograph.view(), size, Resample::kPillow).view()));
}

void RunEngineAlone(const BenchCase& bench, BenchResult& result) {
  const LoneEngine lone =
      MakeLoneEngine(bench.model, bench.segmenter, {bench.batch, bench.height, bench.width});
  result.model = fmt::format("{} ({})", lone.model.info.name, lone.model.info.family);
  result.precision = NameOf(lone.model.precision);
  result.load_ms = lone.load_ms;
  result.gflop = GflopOf(*lone.plan);
  result.engine = RunTimed(
      bench.rule, [&] { ThrowIfError(lone.session->Execute()); }, [] {});
}

// From encoded images to encoded label maps, as `segforge segment` goes.
class ImageToLabels {
 public:
  explicit ImageToLabels(const BenchCase& bench)
      : batch_(bench.batch),
        file_(BenchImage(bench)),
        segmenter_(bench.model, FixedSize(bench)),
        colors_(LoadLabelColors("", segmenter_.info())) {}

  const Segmenter& segmenter() const { return segmenter_; }
  const std::vector<std::array<double, kParts>>& times() const { return times_; }
  void Forget() { times_.clear(); }

  void Run() {
    std::array<double, kParts> ms = {};
    Stopwatch watch;
    std::vector<RgbImage> images;
    std::vector<RgbView> views;
    for (int64_t i = 0; i < batch_; ++i) images.push_back(DecodeImage(file_));
    views.reserve(images.size());
    for (const RgbImage& image : images) views.push_back(image.view());
    ms[0] = watch.LapMs();
    const std::vector<Segmentation> results = segmenter_.RunBatch(views);
    const double run_ms = watch.LapMs();
    ms[1] = results.front().timings.resize;
    ms[2] = results.front().timings.engine;
    ms[3] = run_ms - ms[1] - ms[2];
    for (const Segmentation& result : results) EncodeLabelsPng(result, colors_);
    ms[4] = watch.LapMs();
    times_.push_back(ms);
  }

 private:
  static SegmenterOptions FixedSize(const BenchCase& bench) {
    SegmenterOptions options = bench.segmenter;
    options.size = NetworkSize::kFixed;
    options.height = bench.height;
    options.width = bench.width;
    return options;
  }

  int64_t batch_;
  FileBytes file_;
  Segmenter segmenter_;
  LabelColors colors_;
  std::vector<std::array<double, kParts>> times_;  // of each run since Forget
};

// What a GPU has free; nothing on a CPU. Asking makes the context.
std::optional<CudaDevice> GpuOf(const BenchCase& bench) {
  const Backend backend = Unwrap(MakeBackend(bench.segmenter.device));
  if (!backend.on_cuda()) return std::nullopt;
  return Unwrap(DescribeCudaDevice(backend.device().index));
}

void RunLockedPixels(const BenchCase& bench, const Segmenter& segmenter, const RgbImage& image,
                     TimedRuns& runs) {
  const bool wide = !segmenter.Run(image.view()).labels16.empty();
  const auto pixels = static_cast<size_t>(image.height * image.width);
  const HostMemory from = segmenter.NewMemory(image.pixels.size());
  const HostMemory to = segmenter.NewMemory(pixels * (wide ? sizeof(uint16_t) : 1));
  std::ranges::copy(image.pixels, from.data.get());
  const RgbView view = {from.data.get(), image.height, image.width, 0};
  LabelTarget labels = {nullptr, nullptr, image.height, image.width};
  if (wide) {
    labels.labels16 = reinterpret_cast<uint16_t*>(to.data.get());
  } else {
    labels.labels8 = to.data.get();
  }
  runs = RunTimed(
      bench.rule, [&] { segmenter.RunInto(view, labels); }, [] {});
}

void RunOnGpu(const BenchCase& bench, const Segmenter& segmenter, const CudaDevice& before,
              BenchResult& result) {
  const RgbImage image = DecodeImage(BenchImage(bench));
  const std::vector<RgbView> views(static_cast<size_t>(bench.batch), image.view());
  result.pixels = RunTimed(
      bench.rule, [&] { segmenter.RunBatch(views); }, [] {});
  if (bench.batch == 1) RunLockedPixels(bench, segmenter, image, result.locked_pixels);
  const CudaDevice after = Unwrap(DescribeCudaDevice(before.index));
  result.gpu_bytes = after.held_bytes;
  result.gpu_driver_bytes = before.free_bytes - after.free_bytes;
}

void RunImageToLabels(const BenchCase& bench, const std::optional<CudaDevice>& gpu, BenchResult& result) {
  ImageToLabels pipeline(bench);
  result.device = pipeline.segmenter().device();
  result.labels = RunTimed(
      bench.rule, [&] { pipeline.Run(); }, [&] { pipeline.Forget(); });
  for (size_t part = 0; part < kParts; ++part) {
    result.parts.push_back({kPartNames[part], {}});
    for (const auto& ms : pipeline.times()) result.parts.back().ms.push_back(ms[part]);
  }
  if (gpu) RunOnGpu(bench, pipeline.segmenter(), *gpu, result);
}

}  // namespace

// One after the other, so that the peak of memory is that of the whole way and holds the weights once.
BenchResult RunBench(const BenchCase& bench) {
  ThrowIfError(CheckRule(bench.rule));
  const std::optional<CudaDevice> gpu = GpuOf(bench);
  BenchResult result;
  RunEngineAlone(bench, result);
  RunImageToLabels(bench, gpu, result);
  result.peak_bytes = PeakResidentBytes();
  return result;
}

}  // namespace segforge
