#include "image/palette.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/byte_reader.h"
#include "base/file.h"
#include "image/class_tables.h"

namespace segforge {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxColors = 65536;  // labels are at most 16 bits
constexpr std::string_view kBlanks = " \t\r,";

struct NamedTable {
  std::string_view name;
  std::span<const ClassColor> classes;
};
constexpr std::array<NamedTable, 3> kTables = {{
    {"cityscapes", kCityscapes},
    {"ade20k", kAde20k},
    {"camvid", kCamvid},
}};

Rgb FromHex(uint32_t rgb) {
  return {static_cast<uint8_t>(rgb >> 16), static_cast<uint8_t>(rgb >> 8), static_cast<uint8_t>(rgb)};
}

// The digits at the front of text, which moves past them and the blanks that follow.
template <typename T>
bool TakeNumber(std::string_view& text, int base, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.empty() && kBlanks.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return true;
}

// Takes the colour off the front of the line; what is left is the name.
bool TakeColor(std::string_view& line, Rgb& color) {
  if (!line.starts_with('#'))
    return TakeNumber(line, 10, color.r) && TakeNumber(line, 10, color.g) && TakeNumber(line, 10, color.b);
  if (line.find_first_of(kBlanks) != 7 && line.size() != 7) return false;
  line.remove_prefix(1);
  uint32_t rgb = 0;
  if (!TakeNumber(line, 16, rgb)) return false;
  color = FromHex(rgb);
  return true;
}

Result<Palette> ParseLines(std::string_view text) {
  Palette palette;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    line.remove_suffix(line.size() - (line.find_last_not_of(kBlanks) + 1));
    if (line.empty() || line.front() == ';') continue;
    Rgb color;
    if (!TakeColor(line, color))
      return InvalidInput("line {}: expected `R G B [name]` or `#rrggbb [name]`", number);
    palette.colors.push_back(color);
    palette.names.emplace_back(line);
  }
  const bool named =
      std::any_of(palette.names.begin(), palette.names.end(), [](auto& n) { return !n.empty(); });
  if (!named) palette.names.clear();
  return palette;
}

bool IsByte(const Json& value) { return value.is_number_integer() && value >= 0 && value <= 255; }

Result<Palette> ParseJson(std::string_view text) {
  const Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return InvalidInput("broken JSON, expected a list of [R, G, B]");
  Palette palette;
  for (const Json& entry : list) {
    if (!entry.is_array() || entry.size() != 3 || !std::all_of(entry.begin(), entry.end(), IsByte))
      return InvalidInput("colour {}: expected [R, G, B] of 0 to 255", palette.colors.size());
    palette.colors.push_back({entry[0].get<uint8_t>(), entry[1].get<uint8_t>(), entry[2].get<uint8_t>()});
  }
  return palette;
}

}  // namespace

std::vector<std::string_view> PaletteNames() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kTables));
  for (const NamedTable& table : kTables) names.push_back(table.name);
  return names;
}

Result<Palette> NamedPalette(std::string_view name) {
  const auto table = std::find_if(kTables.begin(), kTables.end(), [&](auto& t) { return t.name == name; });
  if (table == kTables.end())
    return InvalidInput("no palette is named \"{}\"; there are {}", name, fmt::join(PaletteNames(), ", "));
  Palette palette;
  for (const ClassColor& entry : table->classes) {
    palette.colors.push_back(FromHex(entry.rgb));
    palette.names.emplace_back(entry.name);
  }
  return palette;
}

// PASCAL VOC's colours: bit k of the label's lowest, middle and highest of three bits goes to bit 7 - k of
// red, green and blue, so that neighbouring labels differ in the strongest bits.
Palette GeneratedPalette(int64_t count) {
  Palette palette;
  for (int64_t label = 0; label < count; ++label) {
    std::array<uint8_t, 3> rgb = {};
    for (int bit = 0; bit < 24; ++bit)
      rgb[bit % 3] |= static_cast<uint8_t>((label >> bit & 1) << (7 - bit / 3));
    palette.colors.push_back({rgb[0], rgb[1], rgb[2]});
  }
  return palette;
}

Result<Palette> ParsePalette(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\r\n");
  const bool json = start != std::string_view::npos && text[start] == '[';
  SEGFORGE_ASSIGN_OR_RETURN(Palette palette, json ? ParseJson(text) : ParseLines(text));
  if (palette.colors.empty() || palette.colors.size() > kMaxColors)
    return InvalidInput("expected 1 to {} colours, got {}", kMaxColors, palette.colors.size());
  return palette;
}

Result<Palette> LoadPalette(const std::filesystem::path& path) {
  auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  auto palette = ParsePalette(AsText(file->bytes()));
  if (!palette.ok()) return palette.status().Within(path.string());
  return palette;
}

std::vector<Rgb> ColorsFor(const Palette& palette, int64_t count) {
  std::vector<Rgb> colors = GeneratedPalette(count).colors;
  std::copy_n(palette.colors.begin(), std::min(palette.colors.size(), colors.size()), colors.begin());
  return colors;
}

}  // namespace segforge
