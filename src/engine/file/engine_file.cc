#include "engine/file/engine_file.h"

#include <fstream>

#include "engine/file/description_json.h"
#include "engine/file/graph_json.h"
#include "engine/file/sections.h"
#include "formats/json.h"

namespace segforge {
namespace {

using nlohmann::json;

// JSON may end in blanks, so that a section has no bytes that are not its own.
std::string Padded(const json& document) {
  std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize(RoundUpToSection(text.size() + 1), ' ');
  text.back() = '\n';
  return text;
}

// What a model's graph is, and all callers count on: image [N,H,W,3] to logits
// [N,ceil(H/4),ceil(W/4),classes].
Status CheckEnds(const Graph& graph, int64_t classes) {
  int inputs = 0;
  for (NodeId id = 0; id < graph.size(); ++id) inputs += graph.node(id).op == Op::kInput ? 1 : 0;
  if (inputs != 1) return InvalidInput("expected one input, got {}", inputs);
  if (graph.outputs().size() != 1) return InvalidInput("expected one output, got {}", graph.outputs().size());
  const Node& output = graph.node(graph.outputs()[0].value);
  const DimShape logits = {Dim::N(), CeilDiv(Dim::H(), 4), CeilDiv(Dim::W(), 4), classes};
  if (output.op != Op::kConstant && output.type == ValueType{DType::kF32, logits}) return Status();
  return InvalidInput("output: expected f32{}, got {}{}", ToString(logits), NameOf(output.type.dtype),
                      ToString(output.type.shape));
}

// A model may have what no reader takes, such as a name of a megabyte: then that is told now.
Status CheckReadable(const std::string& description, const std::string& nodes, const GraphText& graph) {
  SEGFORGE_ASSIGN_OR_RETURN(const json described, ParseJson(std::as_bytes(std::span(description))));
  SEGFORGE_RETURN_IF_ERROR(FileFromDescription(described).status());
  SEGFORGE_ASSIGN_OR_RETURN(const json listed, ParseJson(std::as_bytes(std::span(nodes))));
  return GraphFromText(listed, {{graph.weights.data(), graph.weights.bytes()}, nullptr}).status();
}

}  // namespace

bool IsEngineFile(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::string magic(kEngineMagic.size(), '\0');
  std::ifstream(path, std::ios::binary).read(magic.data(), static_cast<std::streamsize>(magic.size()));
  return magic == kEngineMagic;
}

Result<EngineFile> EngineFileFromBytes(const SharedBytes& source) {
  SEGFORGE_ASSIGN_OR_RETURN(const SectionBytes sections, ReadSections(source.bytes));
  SEGFORGE_ASSIGN_OR_RETURN(const json description, ParseJson(sections[0]));
  SEGFORGE_ASSIGN_OR_RETURN(EngineFile file, FileFromDescription(description));
  SEGFORGE_ASSIGN_OR_RETURN(const json nodes, ParseJson(sections[1]));
  Result<Graph> graph = GraphFromText(nodes, {sections[2], source.owner});
  if (!graph.ok()) return graph.status().Within("graph");
  file.model.graph = std::move(graph).value();
  const Status ends = CheckEnds(file.model.graph, file.model.config.classes);
  if (!ends.ok()) return ends.Within("graph");
  return file;
}

Result<EngineFile> ReadEngineFile(const std::filesystem::path& path) {
  auto mapped = MappedFile::Open(path);
  if (!mapped.ok()) return mapped.status().Within(path.string());
  const auto owner = std::make_shared<const MappedFile>(std::move(mapped).value());
  auto file = EngineFileFromBytes({owner->bytes(), owner});
  if (!file.ok()) return file.status().Within(path.string());
  return file;
}

Status WriteEngineFile(const std::filesystem::path& path, const EngineFile& file) {
  const std::string description = Padded(DescriptionOf(file));
  const GraphText graph = TextOf(file.model.graph);
  const std::string nodes = Padded(graph.nodes);
  SEGFORGE_RETURN_IF_ERROR(CheckReadable(description, nodes, graph).Within(path.string()));
  const SectionBytes sections = {std::as_bytes(std::span(description)), std::as_bytes(std::span(nodes)),
                                 std::span(graph.weights.data(), graph.weights.bytes())};
  return WriteFileAtomically(path, [&](const ByteSink& sink) { return WriteSections(sections, sink); })
      .Within(path.string());
}

}  // namespace segforge
