// Colours and names of classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace segforge {

struct Rgb {
  uint8_t r = 0;
  uint8_t g = 0;
  uint8_t b = 0;
  friend bool operator==(const Rgb&, const Rgb&) = default;
};

struct Palette {
  std::vector<Rgb> colors;         // index = label
  std::vector<std::string> names;  // empty, or one for each colour; a name may be ""
};

// One of PaletteNames(), else an error that lists them.
Result<Palette> NamedPalette(std::string_view name);
std::vector<std::string_view> PaletteNames();  // "cityscapes", "ade20k", "camvid"

// count >= 0 colours, all distinct up to 65536, the same on every machine.
Palette GeneratedPalette(int64_t count);

// One colour a line, `R G B` or `#rrggbb`, then optionally the class's name; lines that are empty or begin
// with `;` are skipped. Or a JSON list of [R, G, B]. 1 to 65536 colours.
Result<Palette> ParsePalette(std::string_view text);
Result<Palette> LoadPalette(const std::filesystem::path& path);  // the error names the file

// The colours of labels 0 .. count - 1: the palette's, and where it is too short, generated ones.
std::vector<Rgb> ColorsFor(const Palette& palette, int64_t count);

}  // namespace segforge
