// How the interpreter plays the roles of pickle_globals.h.
#pragma once

#include "formats/pickle_value.h"

namespace segforge {

// The value of calling `function` with the tuple `arguments`. `items_left` is lowered by the items copied
// into a new dict or tuple; fails when it is spent.
Result<PickleValue> CallGlobal(const Pickle& pickle, const PickleGlobal& function, PickleRef arguments,
                               size_t& items_left);

// The storage that a persistent id, ('storage', type, key, location, elems[, view]), stands for.
Result<TorchStorage> StorageFromId(const Pickle& pickle, PickleRef id);

}  // namespace segforge
