#include "model/names.h"

#include <array>

namespace segforge {

std::span<const NameTable* const> NameTables() {
  static constexpr std::array<const NameTable*, 3> kTables = {&kNvlabsNames, &kHuggingFaceNames,
                                                              &kMmseg1Names};
  return kTables;
}

std::string TensorName(const NameTable& table, const LayerName& layer, Place place, std::string_view suffix) {
  const std::string path = fmt::format(
      fmt::runtime(layer.path), fmt::arg("s", place.stage + table.first_stage), fmt::arg("b", place.block));
  return fmt::format("{}{}{}", path, layer.separator, suffix);
}

}  // namespace segforge
