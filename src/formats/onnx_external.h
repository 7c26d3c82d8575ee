// The files beside an ONNX file that hold the bytes of its tensors.
#pragma once

#include <filesystem>
#include <string>

#include "formats/shared_bytes.h"

namespace segforge {

// location: relative to folder, as the file says. Fails on absolute paths, on "..", and on links that lead
// out of the folder.
Result<SharedBytes> OpenExternalData(const std::filesystem::path& folder, const std::string& location);

}  // namespace segforge
