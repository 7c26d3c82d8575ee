#include "api/error.h"

namespace segforge {
namespace {

ErrorCode CodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      break;
    case StatusCode::kInvalidInput:
      return ErrorCode::kInvalidInput;
    case StatusCode::kUnsupported:
      return ErrorCode::kUnsupported;
    case StatusCode::kOutOfMemory:
      return ErrorCode::kOutOfMemory;
    case StatusCode::kIo:
      return ErrorCode::kIo;
  }
  SEGFORGE_CHECK(false);
}

}  // namespace

Error::~Error() = default;

void Throw(const Status& status) { throw Error(CodeOf(status.code()), status.message()); }

const char* Version() { return SEGFORGE_VERSION; }

}  // namespace segforge
