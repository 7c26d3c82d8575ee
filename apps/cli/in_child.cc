#include "in_child.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "segforge/segforge.h"

namespace segforge::cli {
namespace {

using ParsedJson = nlohmann::json;
using Work = std::function<ParsedJson()>;

std::string DumpForParent(const ParsedJson& json) {
  return json.dump(-1, ' ', false, ParsedJson::error_handler_t::replace);
}

// What the child has to say: {"result": ..} or {"error": .., "code": ..}.
std::string Answer(const Work& work) {
  const auto failure = [](ErrorCode code, const std::string& message) {
    return DumpForParent({{"error", message}, {"code", static_cast<int>(code)}});
  };
  try {
    return DumpForParent({{"result", work()}});
  } catch (const Error& error) {
    return failure(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return failure(ErrorCode::kOutOfMemory, "there is not enough memory");
  }
}

[[noreturn]] void BecomeChild(const Work& work, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a parent that is killed leaves nobody at work
  const std::string answer = Answer(work);
  for (size_t done = 0; done < answer.size();) {
    const ssize_t written = write(out, answer.data() + done, answer.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(1);
    done += static_cast<size_t>(written);
  }
  _exit(0);  // not exit(): what the parent had buffered is the parent's to write
}

[[noreturn]] void FailToStart() {
  throw Error(ErrorCode::kIo, fmt::format("cannot start a process for the case: {}", std::strerror(errno)));
}

std::string ReadAllFrom(int in) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(in, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

nlohmann::json RunInChild(const Work& work) {
  int ends[2] = {};
  if (pipe(ends) != 0) FailToStart();
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    BecomeChild(work, ends[1]);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    FailToStart();
  }
  const std::string text = ReadAllFrom(ends[0]);
  close(ends[0]);
  const int status = WaitFor(child);
  if (WIFSIGNALED(status)) {
    throw Error(ErrorCode::kOutOfMemory,
                fmt::format("the case's process was killed by signal {}{}", WTERMSIG(status),
                            WTERMSIG(status) == SIGKILL ? ", perhaps for want of memory" : ""));
  }
  ParsedJson json = ParsedJson::parse(text);  // ours: broken is a bug
  if (json.contains("error")) throw Error(ErrorCode{json.at("code").get<uint8_t>()}, json.at("error"));
  return json.at("result");
}

}  // namespace segforge::cli
