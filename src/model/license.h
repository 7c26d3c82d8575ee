// The licence line of a model card.
#pragma once

#include <string>
#include <string_view>

namespace segforge {

// The value of `license:` (for "other": of `license_name:`) in the front matter of a Markdown file, ""
// without one.
std::string LicenseFromCard(std::string_view markdown);

}  // namespace segforge
