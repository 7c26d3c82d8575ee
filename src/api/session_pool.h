// Sessions for concurrent callers: each takes one and gives it back, with its threads and working memory.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "api/loaded_model.h"

namespace segforge {

class SessionPool {
 public:
  // Of one model on each of the devices, at least one; they must outlive the pool. `most`: how many sessions
  // of a device are taken at a time, 0 for as many as are asked for.
  SessionPool(const std::vector<LoadedModel>& models, DeviceWait wait, size_t most);

  // Holds a session until it is destroyed; must not outlive the pool.
  class Lease;

  // Of the device with the fewest callers: the session used last, whose memory is most likely to fit and to
  // be in cache, or a new one. Waits where all are taken. Fails as MakeSession does.
  Result<std::unique_ptr<Lease>> Take();

 private:
  struct Place {
    const LoadedModel* model;
    std::vector<std::unique_ptr<Session>> free = {};
    size_t taken = 0;
  };

  Place& WaitForPlace(std::unique_lock<std::mutex>& lock);
  void GiveBack(Place& place, std::unique_ptr<Session> session);  // null where none could be made

  const DeviceWait wait_;
  const size_t most_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<Place> places_;
};

class SessionPool::Lease {
 public:
  Lease(SessionPool& pool, Place& place, std::unique_ptr<Session> session)
      : pool_(pool), place_(place), session_(std::move(session)) {}
  ~Lease() { pool_.GiveBack(place_, std::move(session_)); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  const LoadedModel& model() const { return *place_.model; }  // on the session's device
  Session& session() const { return *session_; }

 private:
  SessionPool& pool_;
  Place& place_;
  std::unique_ptr<Session> session_;
};

}  // namespace segforge
