// Sessions for concurrent callers: each takes one and gives it back, with its threads and working memory.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/engine.h"

namespace segforge {

class SessionPool {
 public:
  // The engine, whose sessions have that many threads, must outlive the pool.
  SessionPool(const Engine& engine, int threads, DeviceWait wait)
      : engine_(engine), threads_(threads), wait_(wait) {}

  // Holds a session until it is destroyed; must not outlive the pool.
  class Lease {
   public:
    Lease(SessionPool& pool, std::unique_ptr<Session> session) : pool_(pool), session_(std::move(session)) {}
    ~Lease() { pool_.GiveBack(std::move(session_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Session* operator->() const { return session_.get(); }
    Session& operator*() const { return *session_; }

   private:
    SessionPool& pool_;
    std::unique_ptr<Session> session_;
  };

  // The one used last, whose memory is most likely to fit and to be in cache, or a new one. Fails where there
  // is neither, as MakeSession does.
  Result<std::unique_ptr<Lease>> Take();

 private:
  void GiveBack(std::unique_ptr<Session> session);

  const Engine& engine_;
  int threads_;
  DeviceWait wait_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> free_;
};

}  // namespace segforge
