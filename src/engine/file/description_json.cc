#include "engine/file/description_json.h"

#include "engine/file/json_fields.h"
#include "ir/parse_precision.h"

namespace segforge {
namespace {

using nlohmann::json;

constexpr int64_t kMaxWhole = int64_t{1} << 40;
constexpr int64_t kMaxSide = 65536;
constexpr int64_t kMaxClasses = 65535;
constexpr size_t kMaxSizes = 256;

// ---- The build -------------------------------------------------------------------------------------------

json SizesText(const std::vector<SizeTactics>& sizes) {
  json array = json::array();
  for (const SizeTactics& one : sizes) {
    array.push_back(
        {{"batch", one.size.n}, {"height", one.size.h}, {"width", one.size.w}, {"tactics", one.tactics}});
  }
  return array;
}

json BuildText(const EngineBuild& build) {
  json text = {{"by", build.built_by},
               {"source", build.source},
               {"source_digest", build.source_digest},
               {"device", build.device == DeviceId::Kind::kCuda ? "cuda" : "cpu"},
               {"gpu", build.gpu},
               {"compute_capability", build.compute_capability},
               {"precision", NameOf(build.precision)},
               {"fp32_layers", build.fp32_layers},
               {"disabled_passes", build.disabled_passes},
               {"fuse", build.fuse},
               {"sizes", SizesText(build.sizes)}};
  if (build.layer_norm_eps) text["layer_norm_eps"] = *build.layer_norm_eps;
  return text;
}

Result<std::vector<SizeTactics>> ReadSizes(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const json* array, fields.Array("sizes"));
  if (array->size() > kMaxSizes) return InvalidInput("\"sizes\": more than {}", kMaxSizes);
  std::vector<SizeTactics> sizes;
  for (const json& entry : *array) {
    const JsonFields size(entry);
    SizeTactics one;
    SEGFORGE_ASSIGN_OR_RETURN(one.size.n, size.Whole("batch", 1, kMaxSide));
    SEGFORGE_ASSIGN_OR_RETURN(one.size.h, size.Whole("height", 1, kMaxSide));
    SEGFORGE_ASSIGN_OR_RETURN(one.size.w, size.Whole("width", 1, kMaxSide));
    SEGFORGE_ASSIGN_OR_RETURN(one.tactics, size.Texts("tactics"));
    sizes.push_back(std::move(one));
  }
  return sizes;
}

Result<EngineBuild> ReadBuild(const JsonFields& fields) {
  EngineBuild build;
  SEGFORGE_ASSIGN_OR_RETURN(build.built_by, fields.Text("by"));
  SEGFORGE_ASSIGN_OR_RETURN(build.source, fields.Text("source", 4096));
  SEGFORGE_ASSIGN_OR_RETURN(build.source_digest, fields.Text("source_digest"));
  SEGFORGE_ASSIGN_OR_RETURN(const std::string device, fields.Text("device"));
  if (device != "cpu" && device != "cuda") return InvalidInput("\"device\": expected cpu or cuda");
  if (device == "cuda") build.device = DeviceId::Kind::kCuda;
  SEGFORGE_ASSIGN_OR_RETURN(build.gpu, fields.Text("gpu"));
  SEGFORGE_ASSIGN_OR_RETURN(build.compute_capability, fields.Text("compute_capability"));
  SEGFORGE_ASSIGN_OR_RETURN(const std::string precision, fields.Text("precision"));
  SEGFORGE_ASSIGN_OR_RETURN(build.precision, ParsePrecision(precision));
  SEGFORGE_ASSIGN_OR_RETURN(build.fp32_layers, fields.Texts("fp32_layers"));
  SEGFORGE_ASSIGN_OR_RETURN(build.disabled_passes, fields.Texts("disabled_passes"));
  SEGFORGE_ASSIGN_OR_RETURN(build.fuse, fields.Texts("fuse"));
  if (fields.Has("layer_norm_eps")) {
    SEGFORGE_ASSIGN_OR_RETURN(build.layer_norm_eps, fields.Number("layer_norm_eps"));
  }
  SEGFORGE_ASSIGN_OR_RETURN(build.sizes, ReadSizes(fields));
  return build;
}

// ---- The model -------------------------------------------------------------------------------------------

struct StageField {
  const char* name;
  int64_t Stage::*field;
};
constexpr StageField kStageFields[] = {{"width", &Stage::width},         {"depth", &Stage::depth},
                                       {"heads", &Stage::heads},         {"sr_ratio", &Stage::sr_ratio},
                                       {"ffn_width", &Stage::ffn_width}, {"patch", &Stage::patch},
                                       {"stride", &Stage::stride}};

struct EpsField {
  const char* name;
  float ModelConfig::*field;
};
constexpr EpsField kEpsFields[] = {{"eps_patch", &ModelConfig::eps_patch},
                                   {"eps_block", &ModelConfig::eps_block},
                                   {"eps_sr", &ModelConfig::eps_sr},
                                   {"eps_stage", &ModelConfig::eps_stage}};

json ModelText(const Model& model) {
  const ModelConfig& config = model.config;
  json text = {{"family", static_cast<int>(config.family)},
               {"variant", config.variant},
               {"head_width", config.head_width},
               {"classes", config.classes},
               {"class_names", config.class_names},
               {"parameters", model.parameters},
               {"license", model.license},
               {"stages", json::array()}};
  for (const EpsField& eps : kEpsFields) text[eps.name] = config.*eps.field;
  for (const Stage& stage : config.stages) {
    json one;
    for (const StageField& field : kStageFields) one[field.name] = stage.*field.field;
    text["stages"].push_back(std::move(one));
  }
  return text;
}

Status ReadStages(const JsonFields& fields, ModelConfig& config) {
  SEGFORGE_ASSIGN_OR_RETURN(const json* array, fields.Array("stages"));
  if (array->size() != config.stages.size())
    return InvalidInput("\"stages\": expected 4, got {}", array->size());
  for (size_t i = 0; i < config.stages.size(); ++i) {
    const JsonFields stage((*array)[i]);
    for (const StageField& field : kStageFields) {
      SEGFORGE_ASSIGN_OR_RETURN(config.stages[i].*field.field, stage.Whole(field.name, 0, kMaxWhole));
    }
  }
  return Status();
}

Status ReadModel(const JsonFields& fields, Model& model) {
  ModelConfig& config = model.config;
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t family,
                            fields.Whole("family", 0, static_cast<int64_t>(Family::kMmseg1)));
  config.family = static_cast<Family>(family);
  SEGFORGE_ASSIGN_OR_RETURN(config.variant, fields.Text("variant"));
  SEGFORGE_ASSIGN_OR_RETURN(config.head_width, fields.Whole("head_width", 0, kMaxWhole));
  SEGFORGE_ASSIGN_OR_RETURN(config.classes, fields.Whole("classes", 1, kMaxClasses));
  SEGFORGE_ASSIGN_OR_RETURN(config.class_names, fields.Texts("class_names"));
  if (!config.class_names.empty() && static_cast<int64_t>(config.class_names.size()) != config.classes) {
    return InvalidInput("\"class_names\": expected {}, got {}", config.classes, config.class_names.size());
  }
  for (const EpsField& eps : kEpsFields) {
    SEGFORGE_ASSIGN_OR_RETURN(config.*eps.field, fields.Number(eps.name));
  }
  SEGFORGE_RETURN_IF_ERROR(ReadStages(fields, config));
  SEGFORGE_ASSIGN_OR_RETURN(model.parameters, fields.Whole("parameters", 0, kMaxWhole));
  SEGFORGE_ASSIGN_OR_RETURN(model.license, fields.Text("license"));
  return Status();
}

// ---- Preprocessing ---------------------------------------------------------------------------------------

json PreprocessingText(const Preprocessing& preprocessing) {
  json text = {{"resample", preprocessing.resample == Resample::kPillow ? "pillow" : "opencv"},
               {"rescale", preprocessing.rescale},
               {"mean", preprocessing.mean},
               {"std", preprocessing.std},
               {"reduce_zero_label", preprocessing.reduce_zero_label}};
  if (preprocessing.size) {
    text["height"] = preprocessing.size->height;
    text["width"] = preprocessing.size->width;
  }
  return text;
}

Status ReadThree(const JsonFields& fields, const char* key, std::array<float, 3>& values) {
  SEGFORGE_ASSIGN_OR_RETURN(const json* array, fields.Array(key));
  if (array->size() != values.size()) return InvalidInput("\"{}\": expected 3 numbers", key);
  for (size_t i = 0; i < values.size(); ++i) {
    const json one = {{key, (*array)[i]}};
    SEGFORGE_ASSIGN_OR_RETURN(values[i], JsonFields(one).Number(key));
  }
  return Status();
}

Status ReadPreprocessing(const JsonFields& fields, Preprocessing& preprocessing) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::string resample, fields.Text("resample"));
  if (resample != "pillow" && resample != "opencv")
    return InvalidInput("\"resample\": expected pillow or opencv");
  preprocessing.resample = resample == "pillow" ? Resample::kPillow : Resample::kOpenCv;
  SEGFORGE_ASSIGN_OR_RETURN(preprocessing.rescale, fields.Number("rescale"));
  SEGFORGE_RETURN_IF_ERROR(ReadThree(fields, "mean", preprocessing.mean));
  SEGFORGE_RETURN_IF_ERROR(ReadThree(fields, "std", preprocessing.std));
  for (const float deviation : preprocessing.std) {
    if (!(deviation > 0)) return InvalidInput("\"std\": expected numbers above 0, got {}", deviation);
  }
  SEGFORGE_ASSIGN_OR_RETURN(preprocessing.reduce_zero_label, fields.Bool("reduce_zero_label"));
  if (!fields.Has("height")) return Status();
  ImageSize size;
  SEGFORGE_ASSIGN_OR_RETURN(size.height, fields.Whole("height", 1, kMaxSide));
  SEGFORGE_ASSIGN_OR_RETURN(size.width, fields.Whole("width", 1, kMaxSide));
  preprocessing.size = size;
  return Status();
}

}  // namespace

json DescriptionOf(const EngineFile& file) {
  return {{"build", BuildText(file.build)},
          {"model", ModelText(file.model)},
          {"preprocessing", PreprocessingText(file.model.preprocessing)}};
}

Result<EngineFile> FileFromDescription(const json& description) {
  const JsonFields fields(description);
  SEGFORGE_ASSIGN_OR_RETURN(const json* build, fields.Object("build"));
  SEGFORGE_ASSIGN_OR_RETURN(const json* model, fields.Object("model"));
  SEGFORGE_ASSIGN_OR_RETURN(const json* preprocessing, fields.Object("preprocessing"));
  EngineFile file;
  SEGFORGE_ASSIGN_OR_RETURN(file.build, ReadBuild(JsonFields(*build)));
  SEGFORGE_RETURN_IF_ERROR(ReadModel(JsonFields(*model), file.model));
  SEGFORGE_RETURN_IF_ERROR(ReadPreprocessing(JsonFields(*preprocessing), file.model.preprocessing));
  return file;
}

}  // namespace segforge
