#include "program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "image/encode.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteFile(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  ASSERT_TRUE(file.flush().good()) << path;
}

fs::path MakeFolder() {
  std::string name = (fs::temp_directory_path() / "segforge-test.XXXXXX").string();
  EXPECT_NE(mkdtemp(name.data()), nullptr);
  return name;
}

void Redirect(int descriptor, const fs::path& path, int flags) {
  const int file = open(path.c_str(), flags | O_CREAT, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(120);
  close(file);
}

[[noreturn]] void Become(const fs::path& folder, const fs::path& streams, std::vector<std::string> words,
                         const RunLimits& limits) {
  Redirect(STDIN_FILENO, streams / "in", O_RDONLY);
  Redirect(STDOUT_FILENO, streams / "out", O_WRONLY | O_TRUNC);
  Redirect(STDERR_FILENO, streams / "err", O_WRONLY | O_TRUNC);
  if (limits.file_bytes >= 0) {
    const auto bytes = static_cast<rlim_t>(limits.file_bytes);
    const rlimit limit = {bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (chdir(folder.c_str()) == 0) execv(SEGFORGE_BINARY, argv.data());
  _exit(121);
}

}  // namespace

Workspace::Workspace() : folder_(MakeFolder()), streams_(MakeFolder()) {}

Workspace::~Workspace() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  fs::remove_all(streams_, ignored);
}

void Workspace::Write(const std::string& name, const std::string& bytes) const {
  fs::create_directories(path(name).parent_path());
  WriteFile(path(name), bytes);
}

std::string Workspace::Read(const std::string& name) const { return ReadFile(path(name)); }

void Workspace::WriteImage(const std::string& name, int height, int width) const {
  Image image = {height, width, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {x * 255 / width, y * 255 / height, (x + y) * 7 % 256}) {
        image.pixels.push_back(static_cast<uint8_t>(value));
      }
    }
  }
  const auto png = EncodePng(image.view());
  ASSERT_TRUE(png.ok()) << png.status().message();
  Write(name, std::string(reinterpret_cast<const char*>(png->data()), png->size()));
}

std::vector<std::string> Workspace::Files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (!entry.is_directory()) names.push_back(entry.path().lexically_relative(folder_).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Outcome Workspace::Run(const std::vector<std::string>& arguments, const std::string& input,
                       const RunLimits& limits) const {
  WriteFile(streams_ / "in", input);
  std::vector<std::string> words = {SEGFORGE_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t child = fork();
  if (child == 0) Become(folder_, streams_, std::move(words), limits);
  if (limits.interrupt_after_ms >= 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(limits.interrupt_after_ms));
    kill(child, SIGINT);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  Outcome outcome;
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  outcome.out = ReadFile(streams_ / "out");
  outcome.err = ReadFile(streams_ / "err");
  return outcome;
}

}  // namespace segforge
