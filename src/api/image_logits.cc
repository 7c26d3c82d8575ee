#include "api/image_logits.h"

namespace segforge {

Result<ConstTensorView> ImageLogits(Session& session, const ImageView& image,
                                    const Preprocessing& preprocessing, Timings& times) {
  SEGFORGE_RETURN_IF_ERROR(session.Start({&image, 1}, preprocessing, {.outputs = true}));
  SEGFORGE_ASSIGN_OR_RETURN(const RunTimes run, session.Finish({}));
  times.resize += run.input;
  times.engine += run.steps + run.labels;
  return session.output(0);
}

}  // namespace segforge
