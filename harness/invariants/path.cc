// The family of paths: relocated exactly once, resolving, inside the roots. kata-containers#11187 is where it starts.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "harness/invariants/checks.h"
#include "harness/invariants/named_path.h"
#include "harness/invariants/release_files.h"
#include "sim/base/hash_map.h"

namespace barnacle {
namespace {

constexpr std::string_view kDefaultRoot = "/opt/kata";

// What a release may name below /opt/kata: its payload, what the pristine files of it name, what the logic generates.
struct Permitted {
  std::set<std::string, std::less<>> paths;
};

struct PermittedMemory {
  AddressMap<Payload, std::unique_ptr<const Permitted>> of;
};

void permit(Permitted& permitted, std::string path) {
  while (path.ends_with('/')) path.pop_back();
  permitted.paths.insert(std::move(path));
}

const Permitted& permitted_by(Store& store, const Payload& payload) {
  auto& known = store.attachment<PermittedMemory>().of[&payload];
  if (known) return *known;
  Permitted permitted;
  permit(permitted, std::string(kDefaultRoot));
  const PayloadTree& tree = payload_tree(store, payload);
  for (std::size_t i = 0; i < payload.entries.size(); ++i) {
    const std::string path = std::string(kDefaultRoot) + "/" + payload.entries[i].path;
    permit(permitted, path);
    if (payload.entries[i].path.starts_with("bin/qemu-system-")) permit(permitted, path + "-installation-prefix");
    if (payload.entries[i].kind != FileKind::file) continue;
    for (const NamedPath& named : named_paths(store, tree.nodes[i]->blob)) {
      permit(permitted, named.path);
      if (base_name(named.path).starts_with("qemu-system-")) permit(permitted, named.path + "-installation-prefix");
    }
  }
  // Generated: the drop-in, and the share that a QEMU wrapper names (there or not).
  for (const char* path : {"/containerd", "/containerd/config.d", "/containerd/config.d/kata-deploy.toml"}) {
    permit(permitted, std::string(kDefaultRoot) + path);
  }
  known = std::make_unique<const Permitted>(std::move(permitted));
  return *known;
}

bool is_share_of_qemu(std::string_view path) {
  return path.starts_with("/opt/kata/share/kata-qemu") && path.ends_with("/qemu/");
}

// Is `path` a payload path relocated exactly once to `root`?
bool relocated_once(const Permitted& permitted, std::string_view path, std::string_view root) {
  if (!is_below(path, root)) return false;
  std::string undone = std::string(kDefaultRoot) + std::string(path.substr(root.size()));
  if (is_share_of_qemu(undone)) return true;
  // shells and configurations write "//" where a variable ended in '/'
  for (std::size_t at = undone.find("//"); at != std::string::npos; at = undone.find("//")) undone.erase(at, 1);
  while (undone.ends_with('/')) undone.pop_back();
  return permitted.paths.contains(undone);
}

std::string wrong_relocation(std::string_view path, std::string_view root) {
  if (!is_below(path, root)) {
    const bool beyond = path.starts_with(root) && root != kDefaultRoot;
    return beyond ? fmt::format("is relocated to {} more than once", root)
                  : fmt::format("is not relocated to {}", root);
  }
  return fmt::format("is no payload path relocated once to {}", root);
}

// The paths at which changes were wrong, once for each change.
struct WrongPaths {
  std::vector<std::string> misplaced;  // written below some /opt/kata, not at a payload path relocated once
  std::vector<std::string> outside;    // changed outside of the release's roots
};

// What is wrong in the runs, and in the blocks that runs share. That depends on nothing but the run's version and
// values; a node's and a pod's name do not matter to it. (What is held keeps its address its own.)
struct WrongMemory {
  template <class Thing>
  struct Answer {
    std::shared_ptr<const Thing> about;
    std::unique_ptr<const WrongPaths> wrong;  // null: nothing
  };
  AddressMap<RunRecord, Answer<RunRecord>> runs;
  HashMap<Answer<EffectNotes>> blocks;  // by settings and address
};

const std::vector<const NamedPath*>& misplaced_in(Store& store, const Settings& settings, const FileOfRelease& file) {
  auto& misplaced = file.reading.misplaced;
  if (misplaced) return *misplaced;
  misplaced.emplace();
  const Permitted& permitted = permitted_by(store, *settings.version->payload);
  for (const NamedPath& named : named_paths(store, file.text)) {
    if (named.path.contains(kDefaultRoot) && !relocated_once(permitted, named.path, settings.destination()))
      misplaced->push_back(&named);
  }
  return *misplaced;
}

void check_node_files(const NodeView& node, std::vector<Violation>& violations) {
  for (std::size_t i = 0; i < node.served.size(); ++i) {
    const Served& served = *node.served[i];
    for (const FileOfRelease& file : files_on(node)[i]) {
      for (const NamedPath* named : misplaced_in(node.lab.store, *served.settings, file)) {
        violations.push_back({"", named->path, wrong_relocation(named->path, served.destination()), served.release,
                              file.place.path, named->line});
      }
    }
  }
}

bool wrote_a_file(EffectKind kind) {
  return kind == EffectKind::write || kind == EffectKind::replace || kind == EffectKind::make_symlink ||
         kind == EffectKind::touch;
}

void judge_change(Store& store, const RunEvent& event, const EffectNote& note, WrongPaths& wrong) {
  const Settings& settings = *event.settings;
  if (wrote_a_file(note.kind) && note.path.contains(kDefaultRoot) &&
      !relocated_once(permitted_by(store, *event.version->deploy.payload), note.path, settings.destination()))
    wrong.misplaced.push_back(note.path);
  if (changes_host(note.kind) &&
      std::ranges::none_of(settings.roots, [&](const std::string& root) { return is_below(note.path, root); }))
    wrong.outside.push_back(note.path);
}

std::unique_ptr<const WrongPaths> null_if_nothing(WrongPaths wrong) {
  if (wrong.misplaced.empty() && wrong.outside.empty()) return nullptr;
  return std::make_unique<const WrongPaths>(std::move(wrong));
}

std::unique_ptr<const WrongPaths> wrong_in_notes(Store& store, const RunEvent& event, const EffectNotes& notes) {
  WrongPaths wrong;
  for (const EffectNote& note : notes) judge_change(store, event, note, wrong);
  return null_if_nothing(std::move(wrong));
}

void add(WrongPaths& all, const WrongPaths* some) {
  if (some == nullptr) return;
  all.misplaced.insert(all.misplaced.end(), some->misplaced.begin(), some->misplaced.end());
  all.outside.insert(all.outside.end(), some->outside.begin(), some->outside.end());
}

void add_block(Store& store, const RunEvent& event, const Changes::Block& block, WrongPaths& all) {
  if (!block.remembered) return add(all, wrong_in_notes(store, event, *block.notes).get());
  const auto address = reinterpret_cast<std::uintptr_t>(block.notes.get());
  const auto [entry, inserted] =
      store.attachment<WrongMemory>().blocks.try_emplace(Hasher().add(event.settings->hash).add(address).finish());
  if (inserted) entry.value() = {block.notes, wrong_in_notes(store, event, *block.notes)};
  add(all, entry->second.wrong.get());
}

const WrongPaths& wrong_in_run(Store& store, const RunEvent& event) {
  static const WrongPaths kNone;
  const auto [entry, inserted] = store.attachment<WrongMemory>().runs.try_emplace(event.run.get());
  if (inserted) {
    WrongPaths wrong;
    for (const Changes::Block& block : event.run->changes.blocks()) add_block(store, event, block, wrong);
    entry.value() = {event.run, null_if_nothing(std::move(wrong))};
  }
  const auto& wrong = entry->second.wrong;
  return wrong ? *wrong : kNone;
}

// What a run wrote below some /opt/kata must be below its own root, at a place that the payload knows.
void check_run(const CheckContext& context, const RunEvent& event, Verdict& verdict) {
  const std::string& root = event.settings->destination();
  for (const std::string& path : wrong_in_run(context.lab.store, event).misplaced) {
    verdict.violations.push_back({event.node, path, wrong_relocation(path, root) + " and was written", event.release});
  }
}

bool resolves_in_payload(const Node* payload, std::string_view path) {
  if (!is_below(path, kDefaultRoot)) return false;
  const Node* at = payload;
  for (const std::string& part : split(path.substr(kDefaultRoot.size()), '/')) {
    at = at->children.find(part);
    if (at == nullptr) return false;
  }
  return true;
}

// Which paths of a file must be there: those whose pristine form is in the payload, and those that the logic put there
// itself. What the pristine file names and the payload has not (firmware volumes and the like) does not count.
const std::vector<NeededPath>& needed_by(Store& store, const Settings& settings, const FileOfRelease& file) {
  auto& needed = file.reading.needed;
  if (needed) return *needed;
  needed.emplace();
  const Node* payload = payload_tree(store, *settings.version->payload).root;
  const auto is_pristine = [&](const std::string& path) {
    return file.place.pristine != nullptr &&
           std::ranges::count(named_paths(store, file.place.pristine), path, &NamedPath::path) > 0;
  };
  for (const NamedPath& named : named_paths(store, file.text)) {
    if (!named.path.contains(kDefaultRoot)) continue;
    const bool below = is_below(named.path, settings.destination());
    const std::string undone =
        below ? std::string(kDefaultRoot) + named.path.substr(settings.destination().size()) : named.path;
    if (is_pristine(undone) && !resolves_in_payload(payload, undone)) continue;
    const bool in_vain = is_share_of_qemu(undone) && !resolves_in_payload(payload, undone.substr(0, undone.size() - 1));
    needed->push_back({&named, in_vain});
  }
  return *needed;
}

struct Resolver {
  const NodeView& node;
  const Served& served;
  std::vector<Violation>& violations;
  std::string folder{};  // that is being checked

  void miss(const std::string& path, const std::string& why) const {
    violations.push_back({"", path, why, served.release});
  }

  void check_payload() {
    const auto tree = node.host.host.files.find(served.destination());
    const Node* present = tree ? *tree : nullptr;
    const Payload& payload = *served.settings->version->payload;
    folder = served.destination();
    check_entries(*payload_tree(node.lab.store, payload).root, present, false);
  }

  // Names are in one order in both folders.
  void check_entries(const Node& wanted, const Node* present, bool binaries) {
    const Children there = present != nullptr ? present->children : Children();
    auto at = there.begin();
    for (const Child& child : wanted.children) {
      while (at != there.end() && (*at).name != child.name && *(*at).name < *child.name) ++at;
      const Node* found = at != there.end() && (*at).name == child.name ? (*at).node : nullptr;
      if (found == child.node) continue;
      check_entry(*child.node, found, *child.name, binaries);
      if (child.node->kind != FileKind::directory) continue;
      const std::size_t length = folder.size();
      folder.append("/").append(*child.name);
      check_entries(*child.node, found, child.name->ends_with("bin"));
      folder.resize(length);
    }
  }

  void check_entry(const Node& wanted, const Node* found, const std::string& name, bool binary) const {
    if (found == nullptr) miss(join(folder, name), "is in the payload and not on the host");
    else if (found->kind != wanted.kind) miss(join(folder, name), "is of another kind than in the payload");
    else if (binary && found->kind == FileKind::file && (found->attributes.mode & 0111) == 0)
      miss(join(folder, name), "is not executable");
  }

  void check_file(const FileOfRelease& file) const {
    for (const NeededPath& needed : needed_by(node.lab.store, *served.settings, file)) {
      const NamedPath& named = *needed.named;
      if (!needed.in_vain && node.host.host.files.exists(named.path)) continue;
      violations.push_back({"", named.path, "does not exist", served.release, file.place.path, named.line});
    }
  }
};

}  // namespace

// A release relocates its payload once. kata-containers#11187 relocated it again at every restart.
void path_suffix_once(const CheckContext& context, Verdict& verdict) {
  verdict.spoke = !context.record.runs.empty();
  for (const ClusterNode& node : context.nodes) {
    if (node.served.empty()) continue;
    verdict.spoke = true;
    judge_node(node, check_node_files, verdict);
  }
  for (const RunEvent& event : context.record.runs) check_run(context, event, verdict);
}

// A configuration that names what is not there makes a shim that cannot start.
void path_resolves(const NodeView& node, std::vector<Violation>& violations) {
  for (std::size_t i = 0; i < node.served.size(); ++i) {
    Resolver resolver{node, *node.served[i], violations};
    resolver.check_payload();
    for (const FileOfRelease& file : files_on(node)[i]) resolver.check_file(file);
  }
}

// An installer that writes elsewhere than it says cannot be cleaned up after, nor trusted beside others.
void path_inside_roots(const CheckContext& context, Verdict& verdict) {
  for (const RunEvent& event : context.record.runs) {
    verdict.spoke = true;
    for (const std::string& path : wrong_in_run(context.lab.store, event).outside) {
      verdict.violations.push_back(
          {event.node, path, "is outside of the release's roots and was changed", event.release});
    }
  }
}

}  // namespace barnacle
