#include "api/session_pool.h"

namespace segforge {

Result<std::unique_ptr<SessionPool::Lease>> SessionPool::Take() {
  std::unique_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      session = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (session == nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(session, engine_.NewSession(threads_, wait_));
  }
  return std::make_unique<Lease>(*this, std::move(session));
}

void SessionPool::GiveBack(std::unique_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(session));
}

}  // namespace segforge
