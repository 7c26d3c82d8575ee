// Errors as values. Every fallible function between rooms returns Status or Result<T>; nothing in src/ throws
// but api/.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace segforge {

enum class StatusCode : uint8_t {
  kOk,
  kInvalidInput,  // the bytes, file, name or flag that we were given is wrong
  kUnsupported,   // well-formed, but outside what Segforge does
  kOutOfMemory,   // refused before the memory was taken
  kIo,            // the operating system said no
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  // One line: what, expected, got, and what to do; without a trailing full stop or newline.
  const std::string& message() const { return message_; }

  // The same error with "context: " in front, e.g. the file or tensor that it is about.
  Status Within(std::string_view context) const {
    return ok() ? *this : Status(code_, fmt::format("{}: {}", context, message_));
  }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

template <typename... Args>
Status InvalidInput(fmt::format_string<Args...> format, Args&&... args) {
  return Status(StatusCode::kInvalidInput, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Status Unsupported(fmt::format_string<Args...> format, Args&&... args) {
  return Status(StatusCode::kUnsupported, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Status OutOfMemory(fmt::format_string<Args...> format, Args&&... args) {
  return Status(StatusCode::kOutOfMemory, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Status IoError(fmt::format_string<Args...> format, Args&&... args) {
  return Status(StatusCode::kIo, fmt::format(format, std::forward<Args>(args)...));
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}        // NOLINT(*-explicit-*)
  Result(Status status) : state_(std::move(status)) {  // NOLINT(*-explicit-*)
    SEGFORGE_CHECK(!this->status().ok());
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  T& value() & {
    SEGFORGE_CHECK(ok());
    return std::get<T>(state_);
  }
  const T& value() const& {
    SEGFORGE_CHECK(ok());
    return std::get<T>(state_);
  }
  T&& value() && {
    SEGFORGE_CHECK(ok());
    return std::get<T>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

#define SEGFORGE_CONCAT_(a, b) a##b
#define SEGFORGE_CONCAT(a, b) SEGFORGE_CONCAT_(a, b)

#define SEGFORGE_RETURN_IF_ERROR(expression)                                      \
  do {                                                                            \
    if (::segforge::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

// SEGFORGE_ASSIGN_OR_RETURN(auto x, MakeX());
#define SEGFORGE_ASSIGN_OR_RETURN(target, expression) \
  SEGFORGE_ASSIGN_OR_RETURN_(SEGFORGE_CONCAT(result_, __LINE__), target, expression)
#define SEGFORGE_ASSIGN_OR_RETURN_(result, target, expression) \
  auto result = (expression);                                  \
  if (!result.ok()) return result.status();                    \
  target = std::move(result).value()

}  // namespace segforge
