#include "bench_case.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>

namespace segforge::cli {
namespace {

using Json = nlohmann::json;

Json ToJson(const TimedRuns& runs) {
  return {{"warmup_runs", runs.warmup_runs}, {"steady", runs.steady}, {"ms", runs.ms}};
}

TimedRuns RunsFrom(const Json& json) {
  return {json.at("warmup_runs"), json.at("steady"), json.at("ms").get<std::vector<double>>()};
}

Json ToJson(const BenchResult& result) {
  Json parts = Json::array();
  for (const BenchPart& part : result.parts) parts.push_back({{"name", part.name}, {"ms", part.ms}});
  return {{"model", result.model},           {"device", result.device},
          {"precision", result.precision},   {"load_ms", result.load_ms},
          {"gflop", result.gflop},           {"parts", parts},
          {"engine", ToJson(result.engine)}, {"labels", ToJson(result.labels)},
          {"peak_bytes", result.peak_bytes}};
}

BenchResult ResultFrom(const Json& json) {
  BenchResult result;
  result.model = json.at("model");
  result.device = json.at("device");
  result.precision = json.at("precision");
  result.load_ms = json.at("load_ms");
  result.gflop = json.at("gflop");
  result.engine = RunsFrom(json.at("engine"));
  result.labels = RunsFrom(json.at("labels"));
  for (const Json& part : json.at("parts")) result.parts.push_back({part.at("name"), part.at("ms")});
  result.peak_bytes = json.at("peak_bytes");
  return result;
}

// What the child has to say: a result, or the error that RunBench threw.
std::string Answer(const BenchCase& bench) {
  const auto failure = [](ErrorCode code, const std::string& message) {
    return Json{{"error", message}, {"code", static_cast<int>(code)}}.dump(-1, ' ', false,
                                                                           Json::error_handler_t::replace);
  };
  try {
    return ToJson(RunBench(bench)).dump(-1, ' ', false, Json::error_handler_t::replace);
  } catch (const Error& error) {
    return failure(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return failure(ErrorCode::kOutOfMemory, "there is not enough memory");
  }
}

[[noreturn]] void BecomeChild(const BenchCase& bench, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a parent that is killed leaves nobody at work
  const std::string answer = Answer(bench);
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

BenchResult RunBenchInChild(const BenchCase& bench) {
  int ends[2] = {};
  if (pipe(ends) != 0) FailToStart();
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    BecomeChild(bench, ends[1]);
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
  const Json json = Json::parse(text);  // ours: broken is a bug
  if (json.contains("error")) throw Error(ErrorCode{json.at("code").get<uint8_t>()}, json.at("error"));
  return ResultFrom(json);
}

}  // namespace segforge::cli
