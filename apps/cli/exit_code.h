#pragma once

namespace segforge::cli {

enum ExitCode : int {
  kSuccess = 0,
  kBad = 1,            // `compare`: an image lies outside the limits
  kInternalError = 1,  // our bug, which says so on standard error
  kFailure = 2,        // bad input, bad usage, or the system said no; also when any image of several failed
};

}  // namespace segforge::cli
