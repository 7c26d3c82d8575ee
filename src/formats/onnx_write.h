// An ONNX file from its typed values.
#pragma once

#include <string>

#include "formats/onnx.h"

namespace segforge {

// The file's bytes, the same for the same model; tensors are written as raw bytes, external ones too. Read
// again they give the same values. Fails where the file would have 2 GiB or more, which the wire format does
// not allow, and where memory does not suffice.
Result<std::string> OnnxToBytes(const OnnxFile& model);

// OnnxFile::rest of a file of our own.
std::string OnnxRest(const std::string& producer, const std::string& producer_version,
                     const std::string& graph_name);

}  // namespace segforge
