// For tests: an engine file of a small model, and files that lie.
#pragma once

#include <cstring>
#include <string>

#include "engine/engine.h"
#include "engine/file/engine_file.h"
#include "engine/file/sections.h"
#include "model/build_graph.h"
#include "model/model_from_checkpoint.h"
#include "model/synthetic_checkpoint.h"

namespace segforge::testing {

// A SegFormer of a few thousand weights, optimised for the CPU.
inline EngineFile SmallEngineFile() {
  SyntheticModel small;
  small.widths = {8, 16, 24, 32};
  small.depths = {1, 1, 1, 1};
  small.ffn_ratio = 2;
  small.head_width = 16;
  small.classes = 5;
  const Checkpoint checkpoint = MakeCheckpoint(HuggingFaceShapes(small), true);
  HfConfig said;
  said.num_attention_heads = {{1, 2, 3, 4}};
  EngineFile file;
  file.model = ModelFromCheckpoint(checkpoint, said, {}).value();
  file.model.graph = Optimize(std::move(file.model.graph), MakeCpuBackend(), {}).value().graph;
  file.model.license = "apache-2.0";
  file.build.built_by = "segforge 0.0.0";
  file.build.source = "small.safetensors";
  file.build.source_digest = "01234567-89";
  return file;
}

// The bytes of a file of these sections, each padded with blanks; aligned to 64 bytes.
inline SharedBytes Framed(std::string description, std::string graph, std::string weights) {
  for (std::string* section : {&description, &graph, &weights}) {
    section->resize(RoundUpToSection(section->size()), ' ');
  }
  std::string bytes;
  const Status status = WriteSections({std::as_bytes(std::span(description)), std::as_bytes(std::span(graph)),
                                       std::as_bytes(std::span(weights))},
                                      [&](std::span<const std::byte> next) {
                                        bytes.append(reinterpret_cast<const char*>(next.data()), next.size());
                                        return Status();
                                      });
  SEGFORGE_CHECK(status.ok());
  const auto buffer = std::make_shared<AlignedBuffer>(bytes.size());
  std::memcpy(buffer->data(), bytes.data(), bytes.size());
  return {{buffer->data(), bytes.size()}, buffer};
}

}  // namespace segforge::testing
