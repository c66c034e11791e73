#include "harness/cli/command_line.h"

#include <CLI/CLI.hpp>

namespace barnacle {

void add_format(CLI::App& verb, std::string& format) {
  verb.add_option("--format", format, "How to report: text (default) or json")->check(CLI::IsMember({"text", "json"}))->type_name("FORMAT");
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') quoted += "'\\''";
    else quoted.push_back(c);
  }
  return quoted + "'";
}

}  // namespace barnacle
