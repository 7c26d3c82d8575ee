#include "api/colors.h"

#include <algorithm>
#include <filesystem>

#include "api/error.h"

namespace segforge {
namespace {

Palette Choose(const std::string& name, int64_t classes) {
  if (name.empty()) return DefaultPalette(classes);
  const std::vector<std::string_view> known = PaletteNames();
  if (std::find(known.begin(), known.end(), name) != known.end()) return Unwrap(NamedPalette(name));
  std::error_code missing;
  if (!std::filesystem::exists(name, missing)) {
    Throw(InvalidInput("palette {}: expected cityscapes, ade20k, camvid or a file, got neither", name));
  }
  return Unwrap(LoadPalette(name));
}

}  // namespace

Palette DefaultPalette(int64_t classes) {
  for (const std::string_view name : PaletteNames()) {
    Palette palette = Unwrap(NamedPalette(name));
    if (static_cast<int64_t>(palette.colors.size()) == classes) return palette;
  }
  return GeneratedPalette(classes);
}

Palette PaletteOf(const LabelColors& colors) {
  Palette palette;
  for (const auto& [r, g, b] : colors.rgb) palette.colors.push_back({r, g, b});
  return palette;
}

LabelColors LoadLabelColors(const std::string& palette, const ModelInfo& model) {
  const Palette chosen = Choose(palette, model.classes);
  LabelColors colors;
  for (const Rgb& rgb : ColorsFor(chosen, model.classes)) colors.rgb.push_back({rgb.r, rgb.g, rgb.b});
  if (chosen.names.size() == colors.rgb.size()) colors.names = chosen.names;
  return colors;
}

}  // namespace segforge
