#include "model/license.h"

#include "model/one_line.h"

namespace segforge {
namespace {

constexpr size_t kMaxLicense = 200;

std::string_view Trim(std::string_view text) {
  const std::string_view blank = " \t\r\"'";
  const size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// Takes one line off the front of the text.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

std::string_view ValueOf(std::string_view front_matter, std::string_view key) {
  while (!front_matter.empty()) {
    const std::string_view line = TakeLine(front_matter);
    if (line.starts_with(key)) return Trim(line.substr(key.size()));
  }
  return {};
}

}  // namespace

std::string LicenseFromCard(std::string_view markdown) {
  if (Trim(TakeLine(markdown)) != "---") return "";
  const std::string_view front_matter = markdown.substr(0, markdown.find("\n---"));
  std::string_view license = ValueOf(front_matter, "license:");
  if (license == "other") {
    const std::string_view name = ValueOf(front_matter, "license_name:");
    if (!name.empty()) license = name;
  }
  return OneLine(license.substr(0, kMaxLicense));
}

}  // namespace segforge
