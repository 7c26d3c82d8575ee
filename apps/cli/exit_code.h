#pragma once

namespace segforge::cli {

enum ExitCode : int {
  kSuccess = 0,
  kInternalError = 1,  // our bug
  kFailure = 2,        // bad input, bad usage, or the system said no; also when any image of several failed
};

}  // namespace segforge::cli
