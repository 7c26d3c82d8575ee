#include "eval/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace segforge {
namespace {

Status Ended() { return IoError("the process has ended"); }

// posix_spawn's actions: the socket as standard input and output, nothing as standard error.
class Streams {
 public:
  explicit Streams(int socket) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, socket, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  ~Streams() { posix_spawn_file_actions_destroy(&actions_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_ = {};
};

}  // namespace

// A socket, not pipes: writing to one whose other end is gone need not raise a signal.
Result<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments) {
  int ends[2] = {};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return IoError("{}: {}", arguments.front(), std::strerror(errno));
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const Streams streams(ends[1]);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, words[0], streams.get(), nullptr, words.data(), environ);
  close(ends[1]);
  if (error == 0) return ChildProcess(pid, ends[0]);
  close(ends[0]);
  return IoError("{}: {}", arguments.front(), std::strerror(error));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), socket_(std::exchange(other.socket_, -1)) {}

ChildProcess::~ChildProcess() {
  if (socket_ < 0) return;
  close(socket_);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status ChildProcess::Send(const void* data, size_t bytes) {
  const auto* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t sent = send(socket_, next, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Ended();
    next += sent;
    bytes -= static_cast<size_t>(sent);
  }
  return Status();
}

Status ChildProcess::Receive(void* data, size_t bytes) {
  auto* next = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = recv(socket_, next, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Ended();
    next += got;
    bytes -= static_cast<size_t>(got);
  }
  return Status();
}

// Byte by byte: what follows a line is not its own, and lines are few.
Result<std::string> ChildProcess::ReceiveLine() {
  std::string line;
  for (char c = 0; line.size() <= kMaxLine; line += c) {
    SEGFORGE_RETURN_IF_ERROR(Receive(&c, 1));
    if (c == '\n') return line;
  }
  return IoError("a line is longer than {} characters", kMaxLine);
}

}  // namespace segforge
