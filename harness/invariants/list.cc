// Lists that grow at every start: kernel parameters, annotations, imports.
#include <fmt/format.h>

#include <map>

#include "harness/invariants/checks.h"
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

const Blob* pristine_of(Store& store, const Settings& settings, const std::string& path) {
  const Payload& payload = *settings.version->payload;
  const std::string below = path.substr(settings.destination().size() + 1);
  for (std::size_t i = 0; i < payload.entries.size(); ++i) {
    if (payload.entries[i].path == below) return payload_tree(store, payload).nodes[i]->blob;
  }
  return nullptr;
}

struct ListCheck {
  const NodeView& node;
  const Served& served;
  std::vector<Violation>& violations;

  void compare(const std::string& file, const std::string& list, const Counts& present, Counts allowed,
               const Counts& asked) const {
    for (const auto& [word, count] : asked) allowed[word] = std::max(allowed[word], count);
    for (const auto& [word, count] : present) {
      const auto limit = allowed.find(word);
      const int most = limit == allowed.end() ? 0 : limit->second;
      if (count <= most) continue;
      violations.push_back(
          {"", file, fmt::format("{} holds '{}' {} times, asked for are {}", list, word, count, most), served.release});
    }
  }
};

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
  for (const Served* served : node.served) {
    const Settings& settings = *served->settings;
    const ListCheck check{node, *served, violations};
    for (const std::string& shim : settings.shims) {
      const std::string path = settings.configuration(shim);
      const auto text = node.host.host.files.read(path);
      const Blob* pristine = pristine_of(node.lab.store, settings, path);
      if (!text || pristine == nullptr) continue;
      const auto& now = parse_toml(node.lab.store, *text);
      const auto& before = parse_toml(node.lab.store, pristine);
      if (!now || !before) continue;
      const std::string table = hypervisor_table(shim);
      check.compare(path, "kernel_params", words_of(now->at({"hypervisor", table, "kernel_params"})),
                    words_of(before->at({"hypervisor", table, "kernel_params"})), asked_parameters(settings, shim));
      check.compare(path, "enable_annotations", words_of(now->at({"hypervisor", table, "enable_annotations"})),
                    words_of(before->at({"hypervisor", table, "enable_annotations"})), asked_annotations(settings));
    }
  }
}

}  // namespace barnacle
