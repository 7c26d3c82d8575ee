// What the network makes of an image, for those that go on with the logits themselves.
#pragma once

#include "engine/session.h"
#include "segforge/segforge.h"

namespace segforge {

// Logits [1, h, w, classes] of an image of any size by the plan prepared, which is for one; in host memory,
// until the session runs again. Adds to `times`.
Result<ConstTensorView> ImageLogits(Session& session, const ImageView& image,
                                    const Preprocessing& preprocessing, Timings& times);

}  // namespace segforge
