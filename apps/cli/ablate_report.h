// What `segforge ablate` says of its rows.
#pragma once

#include <string>
#include <vector>

#include "segforge/ablate.h"

namespace segforge::cli {

void PrintAblation(const AblationOptions& options, const std::vector<AblationRow>& rows);

std::string AblationCsv(const std::vector<AblationRow>& rows);
std::string AblationPlot(const AblationOptions& options, const std::vector<AblationRow>& rows);  // SVG: bars

}  // namespace segforge::cli
