// Which ways of running kernels won on which machine, kept between builds as JSON.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/status.h"

namespace segforge {

// Of one machine. Keys are what TuneTactics makes of a step.
class TimingCache {
 public:
  // `machine` names all that times hang on: device, driver, version of this program.
  explicit TimingCache(std::string machine) : machine_(std::move(machine)) {}

  // What the file knows of the machine: nothing where there is no file. kInvalidInput where it is damaged or
  // something else.
  static Result<TimingCache> Read(const std::filesystem::path& file, std::string machine);

  // Puts its own into the file, beside what that holds of other machines. A file that Read refuses is
  // replaced.
  Status Write(const std::filesystem::path& file) const;

  const std::string* Find(
      const std::string& key) const;  // a tactic, "" for the kernel's own choice; null: unknown
  void Add(std::string key, std::string tactic) { winners_[std::move(key)] = std::move(tactic); }
  size_t size() const { return winners_.size(); }

 private:
  std::string machine_;
  std::map<std::string, std::string> winners_;
};

}  // namespace segforge
