// What launchers ask of the current device.
#pragma once

namespace segforge::cuda {

int ComputeMajor();
int Multiprocessors();

// Whether the code that runs on this device has warpgroup instructions: it is a Hopper, and its own code
// for 9.0a is there, not PTX for all generations.
bool HasWarpgroups();

}  // namespace segforge::cuda
