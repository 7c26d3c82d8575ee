#include "doctor.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "exit_code.h"
#include "measure_options.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDoctorFooter = R"(Examples:
  segforge doctor
  segforge doctor --threads 1,2,4 --refresh

The ceilings are measured once, in about two seconds for each thread count, and kept in
$XDG_CACHE_HOME/segforge/ceilings.json (~/.cache without the variable); --refresh measures them again. Measure on
a machine that is otherwise idle.

Exit codes: 0 done; 2 bad input or usage; 1 a bug of segforge.)";

std::string Gibibytes(int64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void PrintCuda(const MachineReport& machine) {
  if (machine.cuda_devices.empty()) fmt::print("CUDA           none: {}\n", OneLine(machine.no_cuda));
  for (size_t i = 0; i < machine.cuda_devices.size(); ++i) {
    const CudaDeviceReport& device = machine.cuda_devices[i];
    fmt::print("cuda:{}         {}, compute capability {}, {}, {} available\n", i, OneLine(device.name),
               device.compute_capability, Gibibytes(device.memory_bytes), Gibibytes(device.available_bytes));
  }
}

Json CudaJson(const MachineReport& machine) {
  Json devices = Json::array();
  for (const CudaDeviceReport& device : machine.cuda_devices) {
    devices.push_back({{"name", device.name},
                       {"compute_capability", device.compute_capability},
                       {"memory_bytes", device.memory_bytes},
                       {"available_bytes", device.available_bytes}});
  }
  return devices;
}

void PrintDoctor(const MachineReport& machine, const std::vector<Ceilings>& ceilings) {
  std::vector<std::string> libraries;
  for (const LibraryVersion& library : machine.libraries)
    libraries.push_back(library.name + " " + library.version);
  fmt::print("segforge       {} ({})\n", machine.version, machine.build);
  fmt::print("libraries      {}\n", Join(libraries));
  fmt::print("processor      {}, {} thread{}\n", OneLine(machine.processor), machine.threads,
             machine.threads == 1 ? "" : "s");
  fmt::print("SIMD target    {} (there are {})\n", machine.target, Join(machine.targets));
  fmt::print("memory         {}, {} available\n", Gibibytes(machine.memory_bytes),
             Gibibytes(machine.available_bytes));
  PrintCuda(machine);
  for (const Ceilings& one : ceilings) {
    fmt::print("ceilings       {} thread{} {:.1f} GFLOP/s multiply-add, {:.1f} GB/s copy\n", one.threads,
               one.threads == 1 ? ": " : "s:", one.gflops, one.copy_gbs);
  }
  if (machine.load > 0.5 * machine.threads) {
    fmt::print("               load {:.1f}: a busy machine shows lower ceilings; --refresh once it is idle\n",
               machine.load);
  }
  std::error_code missing;
  const bool kept = std::filesystem::exists(machine.ceilings_file, missing);
  fmt::print("kept in        {}\n",
             kept ? OneLine(machine.ceilings_file) : "nowhere: there is no cache folder to write to");
}

std::string DoctorJson(const MachineReport& machine, const std::vector<Ceilings>& ceilings) {
  Json json = {{"version", machine.version},
               {"build", machine.build},
               {"processor", machine.processor},
               {"threads", machine.threads},
               {"target", machine.target},
               {"targets", machine.targets},
               {"load", machine.load},
               {"memory_bytes", machine.memory_bytes},
               {"available_bytes", machine.available_bytes}};
  for (const LibraryVersion& library : machine.libraries) json["libraries"][library.name] = library.version;
  json["cuda_devices"] = CudaJson(machine);
  json["no_cuda"] = machine.no_cuda.empty() ? Json() : Json(machine.no_cuda);
  json["ceilings"] = Json::array();
  for (const Ceilings& one : ceilings) {
    json["ceilings"].push_back(
        {{"threads", one.threads}, {"fma_gflops", one.gflops}, {"copy_gbs", one.copy_gbs}});
  }
  json["ceilings_file"] = machine.ceilings_file.empty() ? Json() : Json(machine.ceilings_file);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

CLI::App* AddDoctorCommand(CLI::App& program, DoctorOptions& options) {
  CLI::App* command = program.add_subcommand("doctor", "Describe this machine and what it could do at most");
  AddCounts(*command, "-t,--threads", options.threads,
            "Measure the ceilings for these. Default: one, and as many as there are");
  command->add_flag("--refresh", options.refresh, "Measure again what is known already");
  command->add_flag("--json", options.json, "Print one JSON document instead");
  command->footer(kDoctorFooter);
  return command;
}

int Doctor(const DoctorOptions& options) {
  const MachineReport machine = DescribeMachine();
  std::vector<int> counts = options.threads;
  if (counts.empty())
    counts = machine.threads > 1 ? std::vector<int>{1, machine.threads} : std::vector<int>{1};
  std::vector<Ceilings> ceilings;
  ceilings.reserve(counts.size());
  for (const int threads : counts) ceilings.push_back(MeasureCeilings(threads, options.refresh));
  if (options.json) {
    fmt::print("{}\n", DoctorJson(machine, ceilings));
  } else {
    PrintDoctor(machine, ceilings);
  }
  return kSuccess;
}

}  // namespace segforge::cli
