#include "formats/shared_bytes.h"

#include <limits>

#include "base/memory.h"

namespace segforge {
namespace {
constexpr uint64_t kAlwaysAllowedBytes = uint64_t{1}
                                         << 20;  // asking the system costs more than such a buffer
}

Result<std::shared_ptr<AlignedBuffer>> AllocateChecked(uint64_t bytes, std::string_view what) {
  if (bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return OutOfMemory("{} needs {} bytes", what, bytes);
  if (bytes > kAlwaysAllowedBytes) SEGFORGE_RETURN_IF_ERROR(CheckMemory(static_cast<int64_t>(bytes), what));
  return std::make_shared<AlignedBuffer>(static_cast<size_t>(bytes));
}

}  // namespace segforge
