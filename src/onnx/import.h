// An ONNX file's graph as a graph of ours.
#pragma once

#include "formats/onnx.h"
#include "ir/graph.h"

namespace segforge {

// The sizes at which a file must be looked at: its own where it fixes height, width and batch, else two that
// have little in common, so that arithmetic that holds at both holds at any. Fails on opsets other than 11 to
// 22, nested graphs and other attributes and tensors that are not looked into.
Result<std::vector<InputSize>> SizesToImport(const OnnxFile& model);

// Input "image" [N,H,W,3], output "logits" [N,h,w,classes], both of that size; an argmax at the end is left
// to the labels stage. Shapes are computed at that size, scale factors and biases moved to where ours have
// them, and LayerNorm and GELU left in the parts that the file has them in. Nothing is added or left out
// otherwise. Errors name the node.
Result<Graph> ImportGraph(const OnnxFile& model, const InputSize& size);

}  // namespace segforge
