#include <array>

#include "api/error.h"
#include "api/lone_engine.h"
#include "api/model_locator.h"
#include "api/stopwatch.h"
#include "api/timed_runs.h"
#include "base/memory.h"
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
class Pipeline {
 public:
  explicit Pipeline(const BenchCase& bench)
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

void RunImageToLabels(const BenchCase& bench, BenchResult& result) {
  Pipeline pipeline(bench);
  result.device = pipeline.segmenter().device();
  result.labels = RunTimed(
      bench.rule, [&] { pipeline.Run(); }, [&] { pipeline.Forget(); });
  for (size_t part = 0; part < kParts; ++part) {
    result.parts.push_back({kPartNames[part], {}});
    for (const auto& ms : pipeline.times()) result.parts.back().ms.push_back(ms[part]);
  }
}

}  // namespace

// One after the other, so that the peak of memory is that of the whole way and holds the weights once.
BenchResult RunBench(const BenchCase& bench) {
  ThrowIfError(CheckRule(bench.rule));
  BenchResult result;
  RunEngineAlone(bench, result);
  RunImageToLabels(bench, result);
  result.peak_bytes = PeakResidentBytes();
  return result;
}

}  // namespace segforge
