#include "inspect.h"

#include <fmt/format.h>

#include <cstdio>

#include "device_options.h"
#include "exit_code.h"
#include "image_report.h"
#include "inspect_json.h"
#include "segment_options.h"
#include "text.h"

namespace segforge::cli {
namespace {

constexpr const char* kInspectFooter = R"(Examples:
  segforge inspect segformer.b1.1024x1024.city.160k.pth
  segforge inspect street-b0 --size 1024x1024 --graph

Exit codes: 0 done; 2 bad input or usage; 1 a bug of segforge.)";

void PrintClasses(const ModelInfo& info) {
  std::string line;
  for (size_t i = 0; i < info.class_names.size() && info.class_names_known; ++i) {
    line += fmt::format("{}{} {}", i == 0 ? "" : ", ", i, OneLine(info.class_names[i]));
  }
  fmt::print("classes        {}\n", info.class_names_known ? line : "names unknown");
}

void PrintPreprocessing(const ModelInfo& info) {
  const auto triple = [](const std::array<float, 3>& v) {
    return fmt::format("{:.4g} {:.4g} {:.4g}", v[0], v[1], v[2]);
  };
  const std::string size = info.config_height == 0
                               ? "none given"
                               : fmt::format("{}x{} (height x width)", info.config_height, info.config_width);
  fmt::print(
      "preprocessing  size {}, resampled as {}; x * {:.6g}, - mean {}, / std {}{}\n", size,
      info.resampling == Resampling::kPillow ? "Pillow" : "OpenCV", info.rescale, triple(info.mean),
      triple(info.std),
      info.reduce_zero_label ? "; label files of the data set have our label + 1, and 0 for \"other\"" : "");
}

std::string PublishedText(const ModelReport& report, const PartCost& part) {
  return report.engine_file ? "-" : Giga(part.published_macs) + " MAC";
}

void PrintParts(const ModelReport& report) {
  fmt::print("\n{:<8} {:>10} {:>8} {:>6} {:>5} {:>3} {:>6} {:>11} {:>12} {:>10}\n", "part", "output",
             "channels", "blocks", "heads", "sr", "ffn", "parameters", "published", "folded");
  PartCost total;
  for (size_t i = 0; i < report.parts.size(); ++i) {
    const PartCost& part = report.parts[i];
    const std::string size = fmt::format("{}x{}", part.height, part.width);
    fmt::print("{:<8} {:>10} ", part.name, size);
    if (i < report.info.stages.size()) {
      const StageInfo& stage = report.info.stages[i];
      fmt::print("{:>8} {:>6} {:>5} {:>3} {:>6} ", stage.width, stage.blocks, stage.heads, stage.sr_ratio,
                 stage.ffn_width);
    } else {
      fmt::print("{:>8} {:>6} {:>5} {:>3} {:>6} ", report.info.head_width, "", "", "", "");
    }
    fmt::print("{:>11} {:>12} {:>6} MAC\n", part.parameters, PublishedText(report, part),
               Giga(part.folded_macs));
    total.parameters += part.parameters;
    total.published_macs += part.published_macs;
    total.folded_macs += part.folded_macs;
  }
  fmt::print("{:<51} {:>11} {:>12} {:>6} MAC", "total", total.parameters, PublishedText(report, total),
             Giga(total.folded_macs));
  if (!report.engine_file) {
    fmt::print(
        " ({:+.0f} %)",
        100.0 * (static_cast<double>(total.folded_macs) / static_cast<double>(total.published_macs) - 1));
  }
  fmt::print("\n");
}

std::string Joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + OneLine(name);
  return list.empty() ? "none" : list;
}

void PrintEngineFile(const EngineFileInfo& file) {
  std::vector<std::string> sizes;
  for (const EngineSize& size : file.sizes) {
    sizes.push_back(fmt::format("{}x{}{}", size.height, size.width,
                                size.batch == 1 ? "" : fmt::format(" (batch {})", size.batch)));
  }
  fmt::print("engine file    for {}, in {}; tuned at {}\n", OneLine(file.device), file.precision,
             Joined(sizes));
  fmt::print("fp32 layers    {}\n", Joined(file.fp32_layers));
  fmt::print("built          by {} from {} ({}); passes left out: {}\n", OneLine(file.built_by),
             OneLine(file.source), OneLine(file.source_digest), Joined(file.disabled_passes));
  if (!file.fuse.empty()) fmt::print("fused          {}\n", Joined(file.fuse));
}

void PrintGraphs(const ModelReport& report) {
  if (!report.engine_file) {
    fmt::print("\n# graph as published\n{}\n# passes\n", report.published_graph);
  }
  for (const PassResult& pass : report.passes) {
    fmt::print("{:<28} {:>4} rewrites  {}\n", pass.name, pass.rewrites, pass.summary);
  }
  fmt::print("\n# graph after the passes\n{}", report.folded_graph);
}

void PrintReport(const ModelReport& report, const InspectOptions& options) {
  const ModelInfo& info = report.info;
  const auto& eps = report.layer_norm_eps;
  fmt::print("{}\n", ModelLine(info));
  if (report.engine_file) PrintEngineFile(*report.engine_file);
  PrintClasses(info);
  PrintPreprocessing(info);
  fmt::print("LayerNorm eps  patch embedding {:.3g}, blocks {:.3g}, after sr {:.3g}, stage ends {:.3g}\n",
             eps[0], eps[1], eps[2], eps[3]);
  fmt::print("licence        {}\n", info.license.empty() ? "unknown" : OneLine(info.license));
  fmt::print("cost at        {}x{} (height x width)\n", options.segmenter.height, options.segmenter.width);
  PrintParts(report);
  if (options.graph) PrintGraphs(report);
}

}  // namespace

CLI::App* AddInspectCommand(CLI::App& program, InspectOptions& options) {
  options.segmenter.size = NetworkSize::kFixed;
  options.segmenter.height = 512;
  options.segmenter.width = 512;
  CLI::App* command =
      program.add_subcommand("inspect", "Describe a model: what it is, what it costs, its graph");
  command
      ->add_option("MODEL", options.model,
                   "street-b0 (built in), a Hugging Face folder, a .safetensors, .pth or .segforge file")
      ->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--size",
          [&options](const std::string& text) {
            ParseSize(text, options.segmenter);
            if (options.segmenter.size != NetworkSize::kFixed)
              throw CLI::ValidationError("--size", "expected HEIGHTxWIDTH");
          },
          "Count costs for one image of HEIGHTxWIDTH. Default: 512x512")
      ->type_name("SIZE");
  command->add_flag("--graph", options.graph, "Print the graph before and after the passes");
  AddDevice(*command, options.segmenter);
  AddEngineOptions(*command, options.segmenter);
  command->add_flag("--json", options.json, "Print one JSON document instead");
  command->footer(kInspectFooter);
  return command;
}

int Inspect(const InspectOptions& options) {
  const ModelReport report =
      InspectModel(options.model, options.segmenter.height, options.segmenter.width, options.segmenter);
  if (options.json) {
    fmt::print("{}\n", InspectJson(report, options));
  } else {
    PrintReport(report, options);
  }
  return kSuccess;
}

}  // namespace segforge::cli
