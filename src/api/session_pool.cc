#include "api/session_pool.h"

#include <algorithm>

namespace segforge {

SessionPool::SessionPool(const std::vector<LoadedModel>& models, DeviceWait wait, size_t most)
    : wait_(wait), most_(most) {
  for (const LoadedModel& model : models) places_.push_back({&model});
}

SessionPool::Place& SessionPool::WaitForPlace(std::unique_lock<std::mutex>& lock) {
  while (true) {
    const auto place = std::ranges::min_element(places_, {}, &Place::taken);
    if (most_ == 0 || place->taken < most_) return *place;
    given_back_.wait(lock);
  }
}

Result<std::unique_ptr<SessionPool::Lease>> SessionPool::Take() {
  std::unique_lock lock(mutex_);
  Place& place = WaitForPlace(lock);
  ++place.taken;
  std::unique_ptr<Session> session;
  if (!place.free.empty()) {
    session = std::move(place.free.back());
    place.free.pop_back();
  }
  lock.unlock();
  if (session == nullptr) {
    auto made = place.model->engine->NewSession(place.model->threads, wait_);
    if (!made.ok()) {
      GiveBack(place, nullptr);
      return made.status();
    }
    session = std::move(made).value();
  }
  return std::make_unique<Lease>(*this, place, std::move(session));
}

void SessionPool::GiveBack(Place& place, std::unique_ptr<Session> session) {
  {
    const std::lock_guard lock(mutex_);
    --place.taken;
    if (session != nullptr) place.free.push_back(std::move(session));
  }
  given_back_.notify_one();
}

}  // namespace segforge
