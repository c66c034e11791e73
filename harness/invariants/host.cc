// The family that needs no model of the subject: what a host is compared with is a host.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "harness/engine/operations.h"
#include "harness/invariants/checks.h"
#include "harness/invariants/named_path.h"
#include "sim/host/observe.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

// The first difference in Obs, at the folder or below it, as a violation.
Violation difference(const FileTree& wanted, const FileTree& present, const std::string& sentence,
                     const std::string& folder = "") {
  std::vector<TreeChange> changes = diff(wanted, present, Compare::seen);
  std::erase_if(changes, [&](const TreeChange& change) {
    return change.path != folder && !change.path.starts_with(folder + "/");
  });
  if (changes.empty()) return {"", "", sentence, ""};
  static constexpr std::string_view kWhat[] = {"is there and should not be", "is gone", "differs"};
  const TreeChange& first = changes.front();
  const std::string more = changes.size() > 1 ? fmt::format(" (and {} more)", changes.size() - 1) : "";
  return {"", first.path, fmt::format("{}: {}{}", sentence, kWhat[static_cast<std::size_t>(first.what)], more), ""};
}

bool same_files(Lab& lab, const HostPtr& a, const FrozenHost& b) {
  return a->host.files == b.host.files || seen_files(lab, a->host.files) == seen_files(lab, b.host.files);
}

bool any_live_release(const World& world) {
  for (const RevisionPtr& revision : stored_revisions(world.cluster)) {
    if (revision->status != ReleaseStatus::uninstalled && revision->status != ReleaseStatus::superseded) return true;
  }
  return !world.cluster.all(Kind::daemon_set).empty();
}

const Served* served_before(const World& world, const RunEvent& event) {
  const auto node = world.served.find(event.node);
  if (node == world.served.end()) return nullptr;
  const auto served = node->second.find(event.namespace_ + "/" + event.owner);
  return served == node->second.end() ? nullptr : &served->second;
}

// In one step a release may be changed and changed back: `upgrade --atomic` that fails.
bool had_other_settings_before(const StepRecord& record, const RunEvent& event) {
  return std::any_of(record.runs.data(), &event, [&](const RunEvent& earlier) {
    return earlier.node == event.node && earlier.namespace_ == event.namespace_ && earlier.owner == event.owner &&
           earlier.settings->hash != event.settings->hash;
  });
}

bool same_environment(const RunEvent& event, const Served& served) {
  return event.settings->hash == served.settings->hash && event.before->host.runtime == served.runtime;
}

// All orders of the releases, as fresh installs; stops at the first that gives the host.
bool some_order_gives(const NodeView& node, HostPtr& example) {
  std::vector<const Served*> releases = node.served;
  std::vector<std::size_t> order(releases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  bool none_settles = true;
  do {
    std::ranges::transform(order, releases.begin(), [&](std::size_t index) { return node.served[index]; });
    HostPtr fresh = fresh_install(node.lab, node.baseline, releases);
    if (!fresh) continue;
    none_settles = false;
    if (!(fresh->host.runtime == node.host.host.runtime)) fresh = with_runtime(fresh, node.host.host.runtime);
    if (!example) example = fresh;
    if (same_files(node.lab, fresh, node.host)) return true;
  } while (std::ranges::next_permutation(order).found);
  return none_settles;
}

void compare_with_fresh_installs(const NodeView& node, std::vector<Violation>& violations) {
  HostPtr example;
  if (some_order_gives(node, example)) return;
  Violation violation = difference(example->host.files, node.host.host.files,
                                   "differs from what fresh installs of the live releases give");
  violation.release = node.served.front()->release;
  violations.push_back(std::move(violation));
}

bool all_at_rest(const ClusterNode& node) {
  return std::ranges::all_of(
      node.standing, [](Standing standing) { return standing == Standing::settled || standing == Standing::refuses; });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  bool in_imports = false;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    const std::size_t first = line.find_first_not_of(" \t");
    if (first != std::string::npos && line.compare(first, 7, "imports") == 0) in_imports = true;
    // The list of imports is shared with the deployment: it is compared by value.
    if (!in_imports) lines.push_back(line);
    if (in_imports && line.contains(']')) in_imports = false;
    start = end + 1;
  }
  return lines;
}

// The first line of `wanted` that does not come, in order, in `present`.
std::optional<std::string> first_lost_line(const std::vector<std::string>& wanted,
                                           const std::vector<std::string>& present) {
  auto at = present.begin();
  for (const std::string& line : wanted) {
    at = std::find(at, present.end(), line);
    if (at == present.end()) return line;
    ++at;
  }
  return std::nullopt;
}

std::optional<std::string> lost_import(Store& store, const Blob* wanted, const Blob* present) {
  const auto& before = parse_toml(store, wanted);
  const auto& now = parse_toml(store, present);
  const TomlValue* list = before ? before->get("imports") : nullptr;
  if (list == nullptr || !list->is_array() || !now) return std::nullopt;
  const TomlValue* kept = now->get("imports");
  for (const TomlValue& item : list->array()) {
    const bool there = kept != nullptr && kept->is_array() &&
                       std::ranges::any_of(kept->array(), [&](const TomlValue& other) { return other.equals(item); });
    if (!there && item.is_string()) return "import " + item.string();
  }
  return std::nullopt;
}

bool gained_empty_imports(Store& store, const Blob* wanted, const Blob* present) {
  const auto& before = parse_toml(store, wanted);
  const auto& now = parse_toml(store, present);
  if (!before || !now || before->get("imports") != nullptr) return false;
  const TomlValue* list = now->get("imports");
  return list != nullptr && list->is_array() && list->array().empty();
}

// What became of the operator's files: all that the baseline has and the host has otherwise, or not at all.
struct OperatorsFiles {
  Lab& lab;
  std::vector<Violation>& violations;

  // Names are in one order in both folders.
  void compare_folders(const Node& baseline, const Node* present, const std::string& folder) const {
    const Children there = present != nullptr ? present->children : Children();
    auto at = there.begin();
    for (const Child& child : baseline.children) {
      while (at != there.end() && (*at).name != child.name && *(*at).name < *child.name) ++at;
      const Node* found = at != there.end() && (*at).name == child.name ? (*at).node : nullptr;
      if (found == child.node) continue;
      const std::string path = folder + "/" + *child.name;
      if (child.node->kind == FileKind::directory) compare_folders(*child.node, found, path);
      else if (found == nullptr) violations.push_back({"", path, "was the operator's and is gone", ""});
      else if (found->kind == child.node->kind && found->blob != child.node->blob)
        compare_texts(child.node->blob, found->blob, path);
    }
  }

  void compare_texts(const Blob* baseline, const Blob* present, const std::string& path) const {
    const auto lost = first_lost_line(lines_of(baseline->bytes), lines_of(present->bytes));
    const auto import = lost_import(lab.store, baseline, present);
    if (lost) violations.push_back({"", path, fmt::format("lost the operator's line '{}'", *lost), ""});
    else if (import) violations.push_back({"", path, "lost the operator's " + *import, ""});
    else if (gained_empty_imports(lab.store, baseline, present))
      violations.push_back({"", path, "has an empty list of imports where there was none", ""});
  }
};

void compare_with_baseline(const NodeView& node, std::vector<Violation>& violations) {
  OperatorsFiles{node.lab, violations}.compare_folders(*node.baseline->host.files.root(), node.host.host.files.root(),
                                                       "");
}

}  // namespace

Hash128 seen_files(Lab& lab, const FileTree& files) { return seen_hash(lab.store, files.root()); }

// A second start with the same values is a question, not an order: the host answers by staying as it is.
void host_idempotent(const CheckContext& context, Verdict& verdict) {
  for (const RunEvent& event : context.record.runs) {
    const Served* served = served_before(context.before, event);
    if (event.run->program != Program::install || served == nullptr || served->refused ||
        !same_environment(event, *served))
      continue;
    if (had_other_settings_before(context.record, event)) continue;
    // A new disk is no restart: nothing of the release was on it.
    if (context.step.kind == StepKind::reimage_node && event.node == context.step.node) continue;
    verdict.spoke = true;
    if (same_files(context.lab, event.before, *event.after)) continue;
    Violation violation =
        difference(event.before->host.files, event.after->host.files, "a restart with unchanged values changed it");
    violation.node = event.node;
    violation.release = event.release;
    verdict.violations.push_back(std::move(violation));
  }
}

// Whatever came before, the host is what its releases ask for now.
void host_converged(const CheckContext& context, Verdict& verdict) {
  for (const ClusterNode& node : context.nodes) {
    if (node.served.empty() || !all_at_rest(node)) continue;
    verdict.spoke = true;
    judge_node(node, compare_with_fresh_installs, verdict);
  }
}

void host_commutes(const NodeView& node, std::vector<Violation>& violations) {
  for (std::size_t i = 0; i < node.served.size(); ++i) {
    for (std::size_t k = i + 1; k < node.served.size(); ++k) {
      const Served* a = node.served[i];
      const Served* b = node.served[k];
      if (a->refused || b->refused || !(a->runtime == b->runtime)) continue;
      const HostPtr one = fresh_install(node.lab, node.baseline, std::array{a, b});
      const HostPtr other = fresh_install(node.lab, node.baseline, std::array{b, a});
      if (!one || !other || same_files(node.lab, one, *other)) continue;
      violations.push_back(difference(one->host.files, other->host.files,
                                      fmt::format("the order of {} and {} matters", a->release, b->release)));
    }
  }
}

// The reason for this program's name: nothing may stick to the hull.
void host_restored(const CheckContext& context, Verdict& verdict) {
  if (context.step.kind != StepKind::uninstall || context.record.refused || any_live_release(context.after)) return;
  verdict.spoke = true;
  for (const NodeHost& node : context.after.nodes) {
    if (same_files(context.lab, node.baseline, *node.host)) continue;
    Violation violation = difference(node.baseline->host.files, node.host->host.files, "after the last uninstall");
    violation.node = node.name;
    violation.release = context.step.release;
    verdict.violations.push_back(std::move(violation));
  }
}

void host_isolated(const CheckContext& context, Verdict& verdict) {
  const bool of_a_release = context.step.kind <= StepKind::restart_pod;
  if (!of_a_release || context.record.refused) return;
  for (const ClusterNode& node : context.nodes) {
    const NodeHost* before = context.before.find_node(node.name);
    if (before == nullptr) continue;
    for (const Served* served : served_on(context.before, node.name)) {
      const bool touched = std::ranges::any_of(context.record.runs, [&](const RunEvent& event) {
        return event.node == node.name && event.release == served->release && event.namespace_ == served->namespace_;
      });
      const bool own = served->release == context.step.release && served->namespace_ == context.step.namespace_;
      if (own || touched) continue;
      verdict.spoke = true;
      const auto root = before->host->host.files.find(served->destination());
      const auto now = node.host.host.files.find(served->destination());
      const bool same = root && now ? seen_hash(context.lab.store, *root) == seen_hash(context.lab.store, *now)
                                    : root.has_value() == now.has_value();
      if (!same) {
        Violation violation =
            difference(before->host->host.files, node.host.host.files,
                       fmt::format("a step of {} changed files of {}", context.step.release, served->release),
                       served->destination());
        verdict.violations.push_back({node.name, violation.path.empty() ? served->destination() : violation.path,
                                      violation.detail, served->release});
        continue;
      }
      const LoadedConfigPtr& had = before->host->host.loaded;
      for (const Handler& handler : had ? std::span<const Handler>(had->handlers) : std::span<const Handler>{}) {
        if (!is_below(handler.runtime_path, served->destination())) continue;
        const auto& loaded = node.host.host.loaded;
        if (loaded && std::ranges::count(loaded->handlers, handler) != 0) continue;
        verdict.violations.push_back(
            {node.name, handler.name,
             fmt::format("a step of {} took or changed this handler of {}", context.step.release, served->release),
             served->release});
      }
      if (!node.labelled && is_labelled(context.lab, context.before, node.name)) {
        verdict.violations.push_back(
            {node.name, std::string(node_label(context.lab)),
             fmt::format("a step of {} took the label from {}", context.step.release, served->release),
             served->release});
      }
    }
  }
}

void host_operator_kept(const CheckContext& context, Verdict& verdict) {
  for (const ClusterNode& node : context.nodes) {
    if (&node.host == node.baseline.get()) continue;
    verdict.spoke = true;
    for (Violation violation : look_at(node, compare_with_baseline)) {
      if (violation.detail.starts_with("has an empty list") && any_live_release(context.after)) continue;
      violation.node = node.name;
      verdict.violations.push_back(std::move(violation));
    }
  }
}

void reboot_noop(const CheckContext& context, Verdict& verdict) {
  if (context.step.kind != StepKind::reboot_node || !context.record.applied) return;
  const NodeHost* before = context.before.find_node(context.step.node);
  const NodeHost* after = context.after.find_node(context.step.node);
  if (before == nullptr || after == nullptr || !before->host->host.runtime_running()) return;
  verdict.spoke = true;
  if (!same_files(context.lab, before->host, *after->host)) {
    Violation violation = difference(before->host->host.files, after->host->host.files, "a reboot changed it");
    violation.node = after->name;
    verdict.violations.push_back(std::move(violation));
  }
  for (const auto& [name, unit] : before->host->host.units) {
    const auto now = after->host->host.units.find(name);
    if (now != after->host->host.units.end() && now->second.state == unit.state) continue;
    verdict.violations.push_back({after->name, name + ".service", "did not come back as it was", ""});
  }
  const auto& loaded = after->host->host.loaded;
  if (!loaded || loaded->hash != before->host->host.loaded->hash) {
    verdict.violations.push_back(
        {after->name, after->host->host.runtime.unit(), "has loaded another configuration than before the reboot", ""});
  }
}

}  // namespace barnacle
