#include "harness/engine/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/engine/fault.h"
#include "harness/scenario/keys.h"
#include "harness/scenario/steps.h"

namespace barnacle {
namespace {

constexpr std::string_view kModel = "model:kata";

std::string or_nearest(const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto nearest = nearest_name(name, views);
  return nearest ? fmt::format(" (did you mean '{}'?)", *nearest) : "";
}

std::vector<std::string> host_names(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const HostKind& kind : catalogue.host_kinds) names.push_back(kind.name);
  return names;
}

std::vector<std::string> version_names(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const auto& [name, version] : catalogue.versions.versions) names.push_back(name);
  return names;
}

std::string unknown_host(const Catalogue& catalogue, const std::string& where, const std::string& host) {
  if (host.empty() || catalogue.knows_host(host)) return "";
  return fmt::format("{}: unknown host '{}'{}", where, host, or_nearest(host, host_names(catalogue)));
}

std::string place_of(const Step& step, std::size_t index) {
  return step.line > 0 ? fmt::format("{}: step {}", step.line, index + 1) : fmt::format("step {}", index + 1);
}

std::string unknown_in_step(const Catalogue& catalogue, const Step& step, std::size_t index) {
  const std::string where = place_of(step, index);
  if (!step.version.empty() && !catalogue.versions.find(step.version)) {
    return fmt::format("{}: unknown version '{}'{}", where, step.version,
                       or_nearest(step.version, version_names(catalogue)));
  }
  if (step.kind == StepKind::change_runtime && !RuntimeVersion::parse(step.runtime)) {
    return fmt::format("{}: '{}' is no runtime, such as containerd://2.0.4", where, step.runtime);
  }
  for (const Fault& fault : step.faults) {
    if (fault.kind == FaultKind::fail && !known_error(fault.error))
      return fmt::format("{}: unknown error '{}'", where, fault.error);
  }
  return step.kind == StepKind::add_node ? unknown_host(catalogue, where, step.host) : "";
}

void add_values(std::vector<std::string>& words, const std::string& path, const nlohmann::json& values) {
  for (const auto& [key, value] : values.items()) {
    const std::string name = path.empty() ? key : path + "." + key;
    if (value.is_object()) add_values(words, name, value);
    else if (!(value.is_string() && value.get<std::string>().empty())) {
      const std::string shown = name.starts_with("env.") ? name.substr(4) : name;
      words.push_back(fmt::format("{}: {}", shown, value.is_string() ? value.get<std::string>() : value.dump()));
    }
  }
}

}  // namespace

VersionPtr find_subject(const VersionLibrary& versions, const std::string& subject) {
  if (subject.starts_with("live:")) return versions.find(subject);
  if (!subject.starts_with(kModel)) return nullptr;
  const std::string rest = subject.substr(kModel.size());
  if (rest.empty()) return versions.find("kata");
  if (const VersionPtr named = versions.find("kata" + rest)) return named;
  return versions.find(rest.substr(1));
}

std::string subject_name(const Version& version) {
  if (version.live) return version.name;
  return version.name.starts_with("kata") ? "model:" + version.name : "model:kata-" + version.name;
}

std::string unknown_names(const Catalogue& catalogue, const Scenario& scenario) {
  if (!scenario.subject.empty() && !find_subject(catalogue.versions, scenario.subject)) {
    return fmt::format("subject: unknown subject '{}'", scenario.subject);
  }
  for (const NodeSpec& node : scenario.nodes) {
    const std::string unknown = unknown_host(catalogue, fmt::format("node '{}'", node.name), node.host);
    if (!unknown.empty()) return unknown;
  }
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
    const std::string unknown = unknown_in_step(catalogue, scenario.steps[i], i);
    if (!unknown.empty()) return unknown;
    // Real programs wait for each other as calls nest: the one that is inside ends first.
    const bool back_and_forth = std::ranges::any_of(scenario.steps[i].faults, [](const Fault& fault) {
      return fault.kind == FaultKind::preempt && fault.until > 0;
    });
    if (catalogue.make_tier && back_and_forth)
      return fmt::format("step {}: preempt: a live subject's runs cannot change places twice: leave `until` out",
                         i + 1);
  }
  for (const auto& list : {scenario.expect.findings.value_or(std::vector<std::string>{}), scenario.expect.at_least}) {
    for (const std::string& id : list) {
      if (find_invariant(id) == nullptr) return fmt::format("expect: unknown invariant '{}'", id);
    }
  }
  return "";
}

std::string describe_step(const Step& step) {
  std::string text(step_name(step.kind));
  if (!step.release.empty()) text += " " + step.release;
  if (!step.node.empty()) text += " " + step.node;
  std::vector<std::string> words;
  if (!step.version.empty()) words.push_back("version: " + step.version);
  if (step.values) add_values(words, "", *step.values);
  if (!step.runtime.empty()) words.push_back(step.runtime);
  if (!step.handler.empty()) words.push_back(step.handler);
  if (!step.host.empty()) words.push_back(step.host);
  if (step.kind == StepKind::edit_host) words.push_back(step.host_edit.path);
  if (step.kind == StepKind::edit_cluster)
    words.push_back(step.cluster_edit.object_kind + " " + step.cluster_edit.name);
  if (step.uncordon) words.emplace_back("uncordon");
  for (const Fault& fault : step.faults) words.push_back(fmt::format("{} {}", fault_name(fault.kind), fault.program));
  if (!words.empty()) text += fmt::format(" {{{}}}", fmt::join(words, ", "));
  return text;
}

std::string describe_change(const EffectNote& note) {
  Effect effect;
  effect.kind = note.kind;
  if (note.kind == EffectKind::systemctl) return "systemctl " + note.path;
  if (is_api(note.kind))
    return fmt::format("{} {}",
                       note.kind == EffectKind::api_label    ? "label"
                       : note.kind == EffectKind::api_delete ? "delete"
                                                             : "create",
                       note.path);
  effect.path = note.path;
  return describe(effect);
}

}  // namespace barnacle
