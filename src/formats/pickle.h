// An interpreter of Python's pickle format, protocols 0 to 5, as torch.save writes it. It makes plain values
// and tensors, calls nothing, and refuses every global that pickle_globals.cc does not list.
#pragma once

#include "base/byte_reader.h"
#include "formats/pickle_value.h"

namespace segforge {

// Reads one pickle from the reader's position to behind its STOP. Texts and bytes point into the reader's
// bytes. Fails on malformed input and past 4 million values; errors name the byte and the opcode.
Result<Pickle> ReadPickle(ByteReader& reader);

}  // namespace segforge
