// Parts of an ONNX file that are passed on without being understood.
#pragma once

#include "formats/onnx.h"
#include "onnx.pb.h"

namespace segforge {

// The attribute's bytes, and what graphs in it read from outside. Fails on tensors in it whose data is in
// other files, because those would be looked for beside the file that it is passed on to.
Result<OnnxOpaque> OpaqueAttribute(const onnx::AttributeProto& proto);

Result<OnnxOpaque> OpaqueTensor(const onnx::TensorProto& proto);
Result<OnnxOpaque> OpaqueTensor(const onnx::SparseTensorProto& proto);

// The node without what OnnxNode has fields for; "" where nothing is left.
std::string RestOf(const onnx::NodeProto& proto);
// The model without what OnnxFile has fields for, and without steps of training.
std::string RestOf(const onnx::ModelProto& proto);

}  // namespace segforge
