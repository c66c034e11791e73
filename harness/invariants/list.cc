// Lists that grow at every start: kernel parameters, annotations, imports.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/invariants/checks.h"
#include "harness/invariants/release_files.h"
#include "sim/deploy/shim_configuration.h"

namespace barnacle {
namespace {

using Counts = std::map<std::string, int>;

Counts words_of(const TomlValue* value) {
  Counts counts;
  if (value == nullptr) return counts;
  if (value->is_string()) {
    for (const std::string& word : split(value->string(), ' ')) ++counts[word];
  } else if (value->is_array()) {
    for (const TomlValue& item : value->array()) {
      if (item.is_string()) ++counts[item.string()];
    }
  }
  return counts;
}

// What a list holds more often than it did and was asked for.
void compare(const std::string& file, const std::string& list, const Counts& present, Counts allowed,
             const Counts& asked, std::vector<Violation>& violations) {
  for (const auto& [word, count] : asked) allowed[word] = std::max(allowed[word], count);
  for (const auto& [word, count] : present) {
    const auto limit = allowed.find(word);
    const int most = limit == allowed.end() ? 0 : limit->second;
    if (count <= most) continue;
    violations.push_back({"", file, fmt::format("{} holds '{}' {} times, asked for are {}", list, word, count, most)});
  }
}

Counts asked_parameters(const Settings& settings, const std::string& shim) {
  Counts asked;
  const bool per_shim = settings.facts().per_shim_values;
  const std::string proxy = value_for_shim(settings.https_proxy, shim, per_shim);
  const std::string no_proxy = value_for_shim(settings.no_proxy, shim, per_shim);
  if (!proxy.empty()) asked["agent.https_proxy=" + proxy] = 1;
  if (!no_proxy.empty()) asked["agent.no_proxy=" + no_proxy] = 1;
  if (settings.debug) asked["agent.log=debug"] = asked["initcall_debug"] = 1;
  return asked;
}

Counts asked_annotations(const Settings& settings) {
  Counts asked;
  for (const std::string& entry : split(settings.annotations, ' ')) {
    for (const std::string& name : split(entry.substr(entry.find(':') + 1), ',')) asked[name] = 1;
  }
  return asked;
}

const std::vector<Violation>& repeated_in(Store& store, const Settings& settings, const FileOfRelease& file) {
  auto& repeated = file.reading.repeated;
  if (repeated) return *repeated;
  repeated.emplace();
  const PlaceOfRelease& place = file.place;
  if (place.shim.empty() || place.pristine == nullptr) return *repeated;
  const auto& now = parse_toml(store, file.text);
  const auto& before = parse_toml(store, place.pristine);
  if (!now || !before) return *repeated;
  const std::string table = hypervisor_table(place.shim);
  compare(place.path, "kernel_params", words_of(now->at({"hypervisor", table, "kernel_params"})),
          words_of(before->at({"hypervisor", table, "kernel_params"})), asked_parameters(settings, place.shim),
          *repeated);
  compare(place.path, "enable_annotations", words_of(now->at({"hypervisor", table, "enable_annotations"})),
          words_of(before->at({"hypervisor", table, "enable_annotations"})), asked_annotations(settings), *repeated);
  return *repeated;
}

void check_imports(const NodeView& node, std::vector<Violation>& violations) {
  const auto text = node.host.host.files.read("/etc/containerd/config.toml");
  if (!text) return;
  const auto& parsed = parse_toml(node.lab.store, *text);
  if (!parsed) return;
  for (const auto& [path, count] : words_of(parsed->get("imports"))) {
    if (count > 1)
      violations.push_back({"", "/etc/containerd/config.toml", fmt::format("imports holds '{}' {} times", path, count),
                            node.served.front()->release});
  }
}

}  // namespace

// The kernel command line overflows after enough restarts; so does an operator's patience.
void list_no_duplicates(const NodeView& node, std::vector<Violation>& violations) {
  check_imports(node, violations);
  for (std::size_t i = 0; i < node.served.size(); ++i) {
    const Served& served = *node.served[i];
    for (const FileOfRelease& file : files_on(node)[i]) {
      for (Violation violation : repeated_in(node.lab.store, *served.settings, file)) {
        violation.release = served.release;
        violations.push_back(std::move(violation));
      }
    }
  }
}

}  // namespace barnacle
