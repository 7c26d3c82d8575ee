#include "completion.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <vector>

namespace segforge::cli {
namespace {

// What may follow an option; options that are not here take a file, a number or nothing.
const std::map<std::string_view, std::string_view> kValues = {
    {"--format", "labels overlay color npy json"},
    {"-f", "labels overlay color npy json"},
    {"--size", "native from-config"},
    {"--resample", "pillow opencv"},
    {"--palette", "cityscapes ade20k camvid"},
    {"--device", "cpu ref cuda auto"},
    {"--reference-device", "cpu ref cuda auto"},
    {"--fuse",
     "layernorm= gelu= batchnorm= head-fold= decode-head= attention= key-value= patch-conv= mixffn= "
     "depthwise-gelu= epilogue="},
    {"--layout", "pairs cityscapes ade20k list"},
    {"--precision", "auto fp32 tf32 fp16 bf16"},
    {"--precisions", "fp32 tf32 fp16 bf16"},
    {"--output", "logits labels"},
    {"--head", "folded published"},
    {"--weights", "fp32 fp16"},
    {"--reference-precision", "auto fp32 tf32 fp16 bf16"},
};

struct Flag {
  std::string name;  // "--format" or "-f"
  std::string summary;
  bool takes_value;
};

struct Verb {
  std::string name;
  std::string summary;
  std::vector<Flag> flags;
};

// Up to its first ". ", "; " or " (": enough for a menu.
std::string Brief(const std::string& text) {
  size_t end = text.size();
  for (const char* stop : {". ", "; ", " ("}) end = std::min(end, text.find(stop));
  return text.substr(0, end);
}

std::vector<Verb> VerbsOf(const CLI::App& program) {
  std::vector<Verb> verbs;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    Verb verb = {command->get_name(), Brief(command->get_description()), {}};
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_group().empty()) continue;  // not in the help either
      const bool takes_value = option->get_items_expected_max() > 0;
      const std::string summary = Brief(option->get_description());
      for (const std::string& name : option->get_lnames())
        verb.flags.push_back({"--" + name, summary, takes_value});
      for (const std::string& name : option->get_snames())
        verb.flags.push_back({"-" + name, summary, takes_value});
    }
    verbs.push_back(std::move(verb));
  }
  return verbs;
}

std::string ValuesOf(const Flag& flag) {
  const auto found = kValues.find(flag.name);
  return found == kValues.end() ? "" : std::string(found->second);
}

// Where nothing is offered, the shell completes file names (-o default). zsh runs the same function through
// its emulation of bash's completion.
std::string BashFunction(const std::vector<Verb>& verbs) {
  std::string names;
  std::string flag_cases;
  std::map<std::string, std::string> values;
  for (const Verb& verb : verbs) {
    names += (names.empty() ? "" : " ") + verb.name;
    std::string flags;
    for (const Flag& flag : verb.flags) {
      flags += (flags.empty() ? "" : " ") + flag.name;
      if (!ValuesOf(flag).empty()) values[flag.name] = ValuesOf(flag);
    }
    flag_cases += fmt::format("    {}) words=\"{}\" ;;\n", verb.name, flags);
  }
  std::string value_cases;
  for (const auto& [flag, words] : values)
    value_cases += fmt::format("    {}) words=\"{}\" ;;\n", flag, words);
  return fmt::format(R"(_segforge() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$current"))
    return
  fi
  if [ "${{COMP_WORDS[1]}}" = completion ]; then
    COMPREPLY=($(compgen -W "bash zsh fish" -- "$current"))
    return
  fi
  case $previous in
{}  esac
  if [ -z "$words" ] && [ "${{current#-}}" != "$current" ]; then
    case ${{COMP_WORDS[1]}} in
{}    esac
  fi
  if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi
}}
)",
                     names, value_cases, flag_cases);
}

std::string Bash(const std::vector<Verb>& verbs) {
  return "# bash completion of segforge\n" + BashFunction(verbs) +
         "complete -o default -F _segforge segforge\n";
}

std::string Zsh(const std::vector<Verb>& verbs) {
  return "#compdef segforge\nautoload -U +X bashcompinit && bashcompinit\n" + BashFunction(verbs) +
         "complete -o default -F _segforge segforge\n";
}

std::string FishQuote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Fish(const std::vector<Verb>& verbs) {
  std::string script = "# fish completion of segforge\n";
  for (const Verb& verb : verbs) {
    script += fmt::format("complete -c segforge -n __fish_use_subcommand -f -a {} -d {}\n", verb.name,
                          FishQuote(verb.summary));
    for (const Flag& flag : verb.flags) {
      const bool is_long = flag.name.starts_with("--");
      const std::string values = ValuesOf(flag);
      script += fmt::format("complete -c segforge -n '__fish_seen_subcommand_from {}' -{} {} {}{}-d {}\n",
                            verb.name, is_long ? "l" : "s", flag.name.substr(is_long ? 2 : 1),
                            flag.takes_value ? "-r " : "",
                            values.empty() ? "" : "-a " + FishQuote(values) + " ", FishQuote(flag.summary));
    }
  }
  return script + "complete -c segforge -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
}

}  // namespace

CLI::App* AddCompletionCommand(CLI::App& program, std::string& shell) {
  CLI::App* command = program.add_subcommand("completion", "Print a shell's completion script");
  command->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Example:\n  segforge completion bash > ~/.local/share/bash-completion/completions/segforge");
  return command;
}

std::string CompletionScript(const CLI::App& program, const std::string& shell) {
  const std::vector<Verb> verbs = VerbsOf(program);
  if (shell == "bash") return Bash(verbs);
  return shell == "zsh" ? Zsh(verbs) : Fish(verbs);
}

}  // namespace segforge::cli
