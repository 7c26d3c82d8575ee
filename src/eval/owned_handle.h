// An opaque handle of a C library, and what releases it.
#pragma once

#include <utility>

namespace segforge {

// library.Release(release, handle) gives a handle back. The library outlives it.
template <typename Library, typename Release>
class OwnedHandle {
 public:
  OwnedHandle(const Library& library, Release release) : library_(library), release_(release) {}
  ~OwnedHandle() { Reset(); }
  OwnedHandle(const OwnedHandle&) = delete;
  OwnedHandle& operator=(const OwnedHandle&) = delete;

  void** out() {  // for the library to set anew
    Reset();
    return &handle_;
  }
  void* get() const { return handle_; }

 private:
  void Reset() {
    if (handle_ != nullptr) library_.Release(release_, std::exchange(handle_, nullptr));
  }

  const Library& library_;
  Release release_;
  void* handle_ = nullptr;
};

}  // namespace segforge
