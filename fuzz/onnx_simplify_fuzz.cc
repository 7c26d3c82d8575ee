// Any bytes as an ONNX file to simplify: what comes of it is read again, or it is an error of one line.
#include "formats/onnx_write.h"
#include "onnx/simplify/simplify.h"
#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  Result<OnnxFile> file = OnnxFromBytes({std::as_bytes(std::span(data, size)), nullptr}, {});
  if (!file.ok()) {
    ReadAll(file.status());
    return 0;
  }
  simplify::Options options;
  const simplify::Choice all = {.kind = simplify::Choice::Kind::kAll};
  if (size % 2 == 1) options = {.opset = 20, .layer_norm = all, .gelu = all};
  simplify::Report report;
  const Result<OnnxFile> simple = simplify::Simplify(*std::move(file), options, report);
  if (!simple.ok()) {
    ReadAll(simple.status());
    return 0;
  }
  const Result<std::string> bytes = OnnxToBytes(*simple);
  SEGFORGE_CHECK(bytes.ok());
  const Result<OnnxFile> again = OnnxFromBytes({std::as_bytes(std::span(*bytes)), nullptr}, {});
  SEGFORGE_CHECK(again.ok());
  return 0;
}
