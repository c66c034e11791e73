#include "harness/live/tier/stand_ins.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace barnacle {
namespace {

constexpr int kNotFound = 127;

std::string unit_of(std::string name) {
  constexpr std::string_view kSuffix = ".service";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

Answer answer_systemctl(Host& host, const StandInCall& call, Time now) {
  std::vector<std::string> words;
  bool quiet = false;
  for (std::size_t i = 1; i < call.argv.size(); ++i) {
    if (!call.argv[i].starts_with("-")) words.push_back(call.argv[i]);
    quiet = quiet || call.argv[i] == "-q" || call.argv[i] == "--quiet";
  }
  if (words.empty()) return {.exit = 0, .out = "", .err = ""};
  const std::string verb = words.front();
  Answer answer;
  if (words.size() == 1) words.emplace_back();
  for (std::size_t i = 1; i < words.size(); ++i) {
    const SystemctlResult result = systemctl(host, verb, unit_of(words[i]), now);
    answer.exit = std::max(answer.exit, result.exit_status);
    std::string& stream = verb.starts_with("is-") ? answer.out : answer.err;
    if (!result.message.empty() && !(quiet && verb.starts_with("is-"))) stream += result.message + "\n";
  }
  return answer;
}

Answer answer_containerd(const Host& host, const StandInCall& call) {
  if (host.runtime.family != RuntimeFamily::containerd)
    return {.exit = kNotFound, .out = "", .err = call.argv.front() + ": command not found\n"};
  const auto says = [&](std::size_t at, std::string_view word) {
    return call.argv.size() > at && call.argv[at] == word;
  };
  if (says(1, "config") && says(2, "default"))
    return {.exit = 0, .out = default_containerd_configuration(host.runtime.major_version), .err = ""};
  if (says(1, "--version") || says(1, "-v"))
    return {.exit = 0,
            .out = fmt::format("containerd github.com/containerd/containerd v{}.{}.{} 0\n", host.runtime.major_version,
                               host.runtime.minor_version, host.runtime.patch_version),
            .err = ""};
  return {.exit = 1, .out = "", .err = "containerd: the simulated node runs it already\n"};
}

}  // namespace

Answer answer_on_node(Host& host, const StandInCall& call, Time now) {
  const std::string& program = call.argv.front();
  if (program == "systemctl") return answer_systemctl(host, call, now);
  if (program == "containerd") return answer_containerd(host, call);
  if (program == "journalctl") return {};
  return {.exit = kNotFound, .out = "", .err = program + ": is not on the simulated node\n"};
}

}  // namespace barnacle
