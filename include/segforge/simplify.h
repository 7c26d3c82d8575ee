// ONNX files made simpler: any model, the same function in fewer nodes.
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/segforge.h"

namespace segforge {

struct InputShape {
  std::string name;
  std::vector<int64_t> dims;
};

struct SimplifyOptions {
  std::vector<InputShape> input_shapes;  // sizes that the file leaves free are fixed to these
  int opset = 0;                         // to convert to, at least the file's; 0: the file's own
  // "all", "none", how many from the beginning, or names of nodes or values separated by commas: with * and ?
  // as in file names, or beginnings up to a dot or slash.
  std::string layer_norms = "none";  // that become LayerNormalization; the opset must be 17 or later
  std::string gelus = "none";        // that become Gelu; the opset must be 20 or later
  int check_runs = 1;  // on random data, of both files, through ONNX Runtime where it is installed; 0: none
  // Calls its argument, which writes the file: for who must not be interrupted meanwhile. Empty: it is just
  // called.
  std::function<void(const std::function<void()>& write)> around_write;
};

struct OperatorCount {
  std::string name;  // "Conv", "com.example.Op"
  int before = 0;
  int after = 0;
};
struct RewriteCount {
  std::string name;     // "fold-constants"
  std::string summary;  // a line
  int count = 0;
  double time_ms = 0;
};
struct SimplifyReport {
  std::vector<OperatorCount> operators;  // by name
  std::vector<RewriteCount> rewrites;    // in their order
  int64_t bytes_before = 0;              // of the file, without external data
  int64_t bytes_after = 0;
  double seconds = 0;       // from the file to the bytes of the new one, without the check
  std::string checked_by;   // "ONNX Runtime 1.20.1"; "" where it was not checked
  std::string not_checked;  // then why
  // The greatest difference over the greatest magnitude of an output, or of whole numbers the share that
  // differs.
  double difference = 0;
};

// Writes `output` beside its place and renames it. External data is taken into the file. Nothing is written
// where the check finds other outputs.
SEGFORGE_API SimplifyReport SimplifyOnnxFile(const std::string& input, const std::string& output,
                                             const SimplifyOptions& options);

}  // namespace segforge
