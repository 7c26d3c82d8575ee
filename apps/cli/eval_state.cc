#include "eval_state.h"

#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "segforge/files.h"
#include "write_file.h"

namespace segforge::cli {
namespace {

using ParsedJson = nlohmann::json;

constexpr const char* kFormat = "segforge eval state 1";
constexpr std::chrono::seconds kInterval{3};

// Without threads, which do not change results, and without what names the model and the data.
std::string SettingsOf(const EvalOptions& options, const LabeledImages& images) {
  const SegmenterOptions& run = options.segmenter;
  const std::string eps = run.layer_norm_eps ? fmt::format("{}", *run.layer_norm_eps) : "default";
  const std::string fuse = run.fuse.empty() ? "" : fmt::format(", fuse [{}]", fmt::join(run.fuse, ","));
  return fmt::format(
      "device {}, precision {}, fp32 layers [{}], size {} {}x{}, resampling {}, disabled passes [{}], layer "
      "norm eps {}, layout {}, ignore {}, reduce zero {}, boundary tolerance {}{}",
      run.device, run.precision, fmt::join(run.fp32_layers, ","), static_cast<int>(run.size), run.height,
      run.width, static_cast<int>(run.resampling), fmt::join(run.disabled_passes, ","), eps, images.layout(),
      options.dataset.ignore, options.dataset.reduce_zero_label, options.boundary_tolerance, fuse);
}

[[noreturn]] void Refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::kInvalidInput, fmt::format("{}: {}; give another file, or remove it", path, why));
}

}  // namespace

EvalState::EvalState(std::string path, const EvalOptions& options, const LabeledImages& images)
    : path_(std::move(path)), images_(images) {
  if (path_.empty()) return;
  model_ = ModelDigest(options.model);
  settings_ = SettingsOf(options, images);
}

size_t EvalState::Load(Evaluation& evaluation) const {
  std::error_code missing;
  if (path_.empty() || !std::filesystem::exists(path_, missing)) return 0;
  const FileBytes bytes = ReadBytes(path_);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const ParsedJson json = ParsedJson::parse(text, text + bytes.size(), nullptr, false);
  try {
    if (json.at("format") != kFormat) throw ParsedJson::other_error::create(501, "format", nullptr);
    if (json.at("model") != model_) Refuse(path_, "kept by the evaluation of another model");
    if (json.at("settings") != settings_) {
      Refuse(path_, fmt::format("kept with other options: expected {}, got {}", settings_,
                                json.at("settings").get<std::string>()));
    }
    const auto done = json.at("done").get<size_t>();
    if (done > images_.size() || json.at("images") != images_.Digest(done))
      Refuse(path_, fmt::format("kept with other images among the first {}", done));
    evaluation.Restore(json.at("counted").get<std::string>());
    if (evaluation.Total().images != static_cast<int64_t>(done)) Refuse(path_, "is damaged");
    return done;
  } catch (const ParsedJson::exception&) {
    Refuse(path_, "expected what an earlier eval --resume kept, got something else");
  } catch (const Error& error) {
    const std::string what = error.what();
    if (what.compare(0, path_.size(), path_) == 0) throw;
    Refuse(path_, what);
  }
}

void EvalState::Save(const Evaluation& evaluation, size_t done) {
  if (!path_.empty() && std::chrono::steady_clock::now() - saved_ >= kInterval) SaveNow(evaluation, done);
}

void EvalState::SaveNow(const Evaluation& evaluation, size_t done) {
  if (path_.empty()) return;
  const ParsedJson json = {{"format", kFormat},
                           {"model", model_},
                           {"settings", settings_},
                           {"done", done},
                           {"images", images_.Digest(done)},
                           {"counted", evaluation.Save()}};
  WriteFile(path_, json.dump() + "\n");
  saved_ = std::chrono::steady_clock::now();
}

}  // namespace segforge::cli
