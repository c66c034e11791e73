#include "harness/scenario/generator.h"

#include <algorithm>
#include <array>

#include "harness/scenario/generator_model.h"
#include "harness/scenario/steps.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr int kHistoryMax = HelmOptions{}.history_max;
constexpr std::size_t kMostNodesAtOnce = 4;
constexpr std::array<std::string_view, 3> kFirstNodes{"node-a", "node-b", "node-c"};

class Generator {
 public:
  Generator(Choices& choices, const Alphabet& alphabet) : choices_(choices), alphabet_(alphabet) {}

  Scenario run() {
    check(!alphabet_.hosts.empty() && !alphabet_.shims.empty() && !alphabet_.suffixes.empty(),
          "an alphabet without letters");
    draw_character();
    draw_nodes();
    draw_releases();
    if (!alphabet_.dates.empty() && choices_.chance(1, 2)) scenario_.at = choices_.pick_from(alphabet_.dates);
    const std::size_t length = draw_length();
    scenario_.steps.reserve(length + 1 + world_.releases.size());
    while (scenario_.steps.size() < length && draw_step()) {
    }
    choices_.begin_step();
    if (choices_.chance(1, 2)) uninstall_all(length);
    return std::move(scenario_);
  }

 private:
  // --- what a whole scenario is like ---

  void draw_character() {
    const auto takes_suffix = [](const HostChoice& host) { return host.takes_suffix && host.weight > 0; };
    refusing_ = alphabet_.refusing_nodes && choices_.chance(1, 4);
    suffixes_ = refusing_ || (std::ranges::any_of(alphabet_.hosts, takes_suffix) && choices_.chance(3, 4));
    faulty_ = alphabet_.faults && choices_.chance(7, 8);
    colliding_ = alphabet_.colliding_releases && choices_.chance(1, 24);
    swarm_ = draw_settings_swarm(choices_, alphabet_);
    for (std::size_t kind = 0; kind < kStepKinds; ++kind) weights_[kind] = alphabet_.weights[kind] * draw_factor(kind);
  }

  // Swarm testing: a kind of step is off, as usual, or frequent, for the whole scenario. Nothing happens without
  // installs.
  std::uint32_t draw_factor(std::size_t kind) {
    static constexpr std::array<std::uint32_t, 3> kWeights{6, 2, 2};
    static constexpr std::array<std::uint32_t, 3> kFactors{2, 0, 6};
    const std::uint32_t factor = kFactors[choices_.weighted(kWeights)];
    return kind == static_cast<std::size_t>(StepKind::install) ? 2 : factor;
  }

  std::size_t draw_length() {
    const int room = std::max(alphabet_.max_steps - alphabet_.least_steps, 0);
    // Mostly of middle length, now and then anything.
    const int length = choices_.chance(1, 3) ? choices_.between(0, room)
                                             : choices_.between(0, room / 4) + choices_.between(0, room / 4);
    return static_cast<std::size_t>(alphabet_.least_steps + length);
  }

  const HostChoice& draw_host() {
    std::vector<std::uint32_t> weights;
    for (const HostChoice& host : alphabet_.hosts) {
      weights.push_back(suffixes_ && !refusing_ && !host.takes_suffix ? 0 : host.weight);
    }
    return alphabet_.hosts[choices_.weighted(weights)];
  }

  void draw_nodes() {
    const int most = std::clamp(alphabet_.most_nodes, 1, static_cast<int>(kFirstNodes.size()));
    const int count = choices_.between(1, most);
    for (int index = 0; index < count; ++index) {
      const HostChoice& host = draw_host();
      const std::string name(kFirstNodes[static_cast<std::size_t>(index)]);
      world_.nodes.emplace_back(name, host);
      scenario_.nodes.push_back({.name = name, .host = host.name, .labels = {}});
    }
  }

  // Suffixes of one scenario differ, but for the rare collision that Helm is to refuse.
  std::string draw_suffix() {
    if (!suffixes_) return {};
    std::vector<std::string> free;
    for (const std::string& suffix : alphabet_.suffixes) {
      const bool taken = std::ranges::find(world_.releases, suffix, &ReleaseModel::suffix) != world_.releases.end();
      if (taken == colliding_ || world_.releases.empty()) free.push_back(suffix);
    }
    return free.empty() ? choices_.pick_from(alphabet_.suffixes) : choices_.pick_from(free);
  }

  void draw_releases() {
    const int count = std::max(choices_.between(1, std::max(alphabet_.most_releases, 1)), colliding_ ? 2 : 1);
    for (int index = 0; index < count; ++index) {
      ReleaseModel release;
      release.suffix = draw_suffix();
      if (!alphabet_.prefixes.empty() && choices_.chance(1, 4)) release.prefix = choices_.pick_from(alphabet_.prefixes);
      if (!alphabet_.namespaces.empty()) {
        release.namespace_ =
            choices_.chance(1, 4) ? choices_.pick_from(alphabet_.namespaces) : alphabet_.namespaces.front();
      }
      release.name = fresh_release_name(release);
      world_.releases.push_back(std::move(release));
    }
  }

  std::string fresh_release_name(const ReleaseModel& release) const {
    const std::string wanted = release.daemon_set();
    std::string name = wanted;
    for (int number = 2; std::ranges::find(world_.releases, name, &ReleaseModel::name) != world_.releases.end();
         ++number) {
      name = wanted + "-" + std::to_string(number);
    }
    return name;
  }

  // --- which steps make sense now ---

  template <class Item, class Wanted>
  static std::vector<Item*> those(std::vector<Item>& items, const Wanted& wanted) {
    std::vector<Item*> found;
    for (Item& item : items) {
      if (wanted(item)) found.push_back(&item);
    }
    return found;
  }

  template <class Wanted>
  std::vector<ReleaseModel*> releases_that(const Wanted& wanted) {
    return those(world_.releases, wanted);
  }
  template <class Wanted>
  std::vector<NodeModel*> nodes_that(const Wanted& wanted) {
    return those(world_.nodes, wanted);
  }
  std::vector<ReleaseModel*> live() {
    return releases_that([](const ReleaseModel& release) { return release.live; });
  }
  std::vector<NodeModel*> all_nodes() {
    return nodes_that([](const NodeModel&) { return true; });
  }

  bool can_be_installed(const ReleaseModel& release) const {
    if (release.live || (world_.collides(release) && !colliding_)) return false;
    return release.suffix.empty() || refusing_ || world_.all_take_suffix();
  }
  std::vector<ReleaseModel*> installable() {
    return releases_that([&](const ReleaseModel& release) { return can_be_installed(release); });
  }
  std::vector<ReleaseModel*> with_history() {
    return releases_that([](const ReleaseModel& release) { return release.live && release.revisions.size() > 1; });
  }

  // A runtime that the node may be given, other than its own; nothing where there is none.
  std::vector<std::string> other_runtimes(const NodeModel& node) const {
    std::vector<std::string> others;
    // Where a fresh host has no configuration the logic makes one of the runtime it finds: none of them must be there.
    if (node.kind->configuration_version == 0 && world_.any_live()) return others;
    for (const std::string& runtime : node.kind->runtimes) {
      const std::optional<RuntimeVersion> version = RuntimeVersion::parse(runtime);
      if (!version || *version == node.runtime) continue;
      if (version->major_version < 2 && world_.suffix_live() && !refusing_) continue;
      others.push_back(runtime);
    }
    return others;
  }
  std::vector<NodeModel*> changeable() {
    return nodes_that([&](const NodeModel& node) { return !other_runtimes(node).empty(); });
  }
  std::vector<NodeModel*> open_nodes() {
    return nodes_that([](const NodeModel& node) { return !node.cordoned; });
  }

  bool makes_sense(StepKind kind) {
    switch (kind) {
      case StepKind::install: return !installable().empty();
      case StepKind::upgrade:
      case StepKind::uninstall:
      case StepKind::restart_pod:
      case StepKind::edit_cluster: return world_.any_live();
      case StepKind::run_workload: return world_.any_live() && !open_nodes().empty();
      case StepKind::rollback: return !with_history().empty();
      case StepKind::add_node: return world_.nodes.size() < kMostNodesAtOnce;
      case StepKind::remove_node: return world_.nodes.size() > 1;
      case StepKind::change_runtime: return !changeable().empty();
      default: return true;
    }
  }

  // Nodes alone are not worth many steps: while nothing is installed, installing comes first.
  std::uint32_t weight_now(StepKind kind) {
    if (!makes_sense(kind)) return 0;
    const std::uint32_t weight = weights_[static_cast<std::size_t>(kind)];
    if (kind != StepKind::install) return weight;
    return world_.any_live() ? weight : 8 * weight;
  }

  // False when no step is left to draw.
  bool draw_step() {
    std::array<std::uint32_t, kStepKinds> weights{};
    for (std::size_t kind = 0; kind < kStepKinds; ++kind) weights[kind] = weight_now(static_cast<StepKind>(kind));
    if (std::ranges::all_of(weights, [](std::uint32_t weight) { return weight == 0; })) return false;
    choices_.begin_step();
    Step& step = scenario_.steps.emplace_back();
    step.kind = static_cast<StepKind>(choices_.weighted(weights));
    fill_in(step);
    if (alphabet_.faults) draw_faults(step);
    if (mending_) scenario_.steps.push_back(std::move(*mending_));
    mending_.reset();
    return true;
  }

  void fill_in(Step& step) {
    switch (step.kind) {
      case StepKind::install: return fill_install(step);
      case StepKind::upgrade: return fill_upgrade(step);
      case StepKind::rollback: return fill_rollback(step);
      case StepKind::uninstall: return fill_uninstall(step, *choices_.pick_from(live()));
      case StepKind::restart_pod: return fill_restart_pod(step);
      case StepKind::reboot_node: step.node = draw_node().name; return;
      case StepKind::cordon_node: return fill_cordon(step);
      case StepKind::add_node: return fill_add_node(step);
      case StepKind::remove_node: return fill_remove_node(step);
      case StepKind::reimage_node: return fill_reimage(step);
      case StepKind::run_workload: return fill_workload(step);
      case StepKind::edit_host: return fill_host_edit(step);
      case StepKind::edit_cluster: return fill_cluster_edit(step);
      case StepKind::change_runtime: return fill_change_runtime(step);
    }
  }

  // --- Helm ---

  static void name_release(Step& step, const ReleaseModel& release) {
    step.release = release.name;
    step.namespace_ = release.namespace_;
  }

  void draw_version(Step& step) {
    if (!alphabet_.versions.empty() && choices_.chance(1, 4)) step.version = choices_.pick_from(alphabet_.versions);
  }

  void draw_waiting(Step& step) {
    if (!alphabet_.helm_flags || !choices_.chance(1, 8)) return;
    step.options.wait = true;
    step.options.atomic = choices_.chance(1, 4) && step.kind != StepKind::rollback && step.kind != StepKind::uninstall;
  }

  void fill_install(Step& step) {
    ReleaseModel& release = *choices_.pick_from(installable());
    name_release(step, release);
    // Helm's own answer to a name whose history was kept: install --replace, or upgrade --install.
    if (release.history_kept()) {
      if (choices_.chance(1, 2)) step.kind = StepKind::upgrade;
      step.options.replace = step.kind == StepKind::install;
      step.options.install = step.kind == StepKind::upgrade;
    }
    step.options.create_namespace = release.namespace_ != "kube-system";
    draw_version(step);
    draw_waiting(step);
    DrawnSettings settings = draw_settings(choices_, alphabet_, swarm_);
    step.values = values_of(settings, release.suffix, release.prefix);
    if (world_.collides(release)) return;  // refused: objects of another release are in the way
    release.live = true;
    release.add_revision(std::move(settings), kHistoryMax);
  }

  DrawnSettings draw_next_settings(const ReleaseModel& release) {
    // Back and forth: settings that were there before find more than ever new ones.
    if (release.revisions.size() > 1 && choices_.chance(1, 3)) {
      const DrawnSettings& earlier = release.revisions[choices_.pick(release.revisions.size() - 1)].settings;
      if (earlier != release.settings()) return earlier;
    }
    return change_settings(choices_, alphabet_, swarm_, release.settings());
  }

  void fill_upgrade(Step& step) {
    ReleaseModel& release = *choices_.pick_from(live());
    name_release(step, release);
    draw_version(step);
    draw_waiting(step);
    if (alphabet_.helm_flags) {
      step.options.cleanup_on_fail = choices_.chance(1, 24);
      step.options.take_ownership = !step.version.empty() && choices_.chance(1, 2);
    }
    DrawnSettings settings = release.settings();
    if (!choices_.chance(1, 8)) {
      settings = draw_next_settings(release);
      step.values = values_of(settings, release.suffix, release.prefix);
      if (alphabet_.moving_releases && suffixes_ && choices_.chance(1, 48))
        return move_release(step, release, settings);
      if (alphabet_.helm_flags && choices_.chance(1, 6)) give_changes_only(step, release.settings(), settings);
    }
    release.add_revision(std::move(settings), kHistoryMax);
  }

  // A suffix or prefix of a live release cannot be changed: a guard of the chart says so.
  void move_release(Step& step, const ReleaseModel& release, const DrawnSettings& settings) {
    const std::string suffix = release.suffix == "moved" ? "" : "moved";
    step.values = values_of(settings, suffix, release.prefix);
  }

  void give_changes_only(Step& step, const DrawnSettings& from, const DrawnSettings& to) {
    step.values = changed_values(from, to);
    // --reuse-values keeps the old chart's defaults as well, which another version's templates may not bear.
    step.options.reset_then_reuse_values = !step.version.empty() || choices_.chance(1, 2);
    step.options.reuse_values = !step.options.reset_then_reuse_values;
  }

  void fill_rollback(Step& step) {
    ReleaseModel& release = *choices_.pick_from(with_history());
    name_release(step, release);
    const std::size_t past = release.revisions.size() - 1;
    std::size_t target = past - 1;
    if (past > 1 && choices_.chance(1, 2)) {
      target = choices_.pick(past);
      step.revision = release.revisions[target].number;
    }
    draw_waiting(step);
    DrawnSettings settings = release.revisions[target].settings;
    release.add_revision(std::move(settings), kHistoryMax);
  }

  void fill_uninstall(Step& step, ReleaseModel& release) {
    name_release(step, release);
    if (alphabet_.helm_flags) {
      step.options.keep_history = choices_.chance(1, 10);
      step.options.wait = choices_.chance(1, 10);
      if (choices_.chance(1, 10)) step.options.cascade = Propagation::foreground;
    }
    release.live = false;
    if (!step.options.keep_history) release.revisions.clear();
  }

  // What is left after the last uninstall is seen only where there is one: half of the scenarios end with it.
  void uninstall_all(std::size_t length) {
    for (ReleaseModel& release : world_.releases) {
      if (!release.live || length >= static_cast<std::size_t>(std::max(alphabet_.max_steps, 0))) continue;
      Step& step = scenario_.steps.emplace_back();
      step.kind = StepKind::uninstall;
      fill_uninstall(step, release);
      ++length;
    }
  }

  void fill_restart_pod(Step& step) {
    name_release(step, *choices_.pick_from(live()));
    if (choices_.chance(1, 2)) step.node = draw_node().name;
  }

  // --- nodes ---

  NodeModel& draw_node() { return *choices_.pick_from(all_nodes()); }

  void fill_cordon(Step& step) {
    const std::vector<NodeModel*> closed = nodes_that([](const NodeModel& node) { return node.cordoned; });
    const std::vector<NodeModel*> open = open_nodes();
    step.uncordon = open.empty() || (!closed.empty() && choices_.chance(2, 3));
    NodeModel& node = *choices_.pick_from(step.uncordon ? closed : open);
    node.cordoned = !step.uncordon;
    step.node = node.name;
  }

  // node-d … node-z, node-d2 …: never a name that was there before.
  std::string fresh_node_name() {
    static constexpr int kLetters = 'z' - 'd' + 1;
    const int round = added_ / kLetters;
    const std::string name = std::string("node-") + static_cast<char>('d' + added_ % kLetters);
    ++added_;
    return round == 0 ? name : name + std::to_string(round + 1);
  }

  void fill_add_node(Step& step) {
    const HostChoice& host = draw_host();
    step.node = fresh_node_name();
    step.host = host.name;
    world_.nodes.emplace_back(step.node, host);
  }

  void fill_remove_node(Step& step) {
    const std::size_t index = choices_.pick(world_.nodes.size());
    step.node = world_.nodes[index].name;
    world_.nodes.erase(world_.nodes.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void fill_reimage(Step& step) {
    NodeModel& node = draw_node();
    step.node = node.name;
    node.refresh();
  }

  void fill_workload(Step& step) {
    const ReleaseModel& release = *choices_.pick_from(live());
    step.handler = release.handler(choices_.pick_from(release.settings().shims));
    if (choices_.chance(1, 2)) step.node = choices_.pick_from(open_nodes())->name;
  }

  void fill_change_runtime(Step& step) {
    NodeModel& node = *choices_.pick_from(changeable());
    step.node = node.name;
    step.runtime = choices_.pick_from(other_runtimes(node));
    node.runtime = RuntimeVersion::parse(step.runtime).value_or(node.runtime);
  }

  // --- edits by hand ---

  // Every edit is valid wherever it lands and touches nothing that the deploy logic edits, so that it does not matter
  // which of the two came first.
  void fill_host_edit(Step& step) {
    NodeModel& node = draw_node();
    step.node = node.name;
    const bool configured = !node.kind->configuration.empty();
    const std::array<std::uint32_t, 5> weights{2, configured ? 4U : 0U, node.kind->toggles.empty() ? 0U : 3U,
                                               node.kind->drop_in_folder.empty() ? 0U : 3U,
                                               node.operator_files.empty() ? 0U : 2U};
    switch (choices_.weighted(weights)) {
      case 0: return write_operator_file(step.host_edit, node, "/opt/operator/tool", tool_text());
      case 1: return append_comment(step.host_edit, node);
      case 2: return flip_toggle(step.host_edit, node);
      case 3: return write_drop_in(step.host_edit, node);
      default: return remove_operator_file(step.host_edit, node);
    }
  }

  // The number in an edit's text: a new one each time, or one of the few that the alphabet has.
  int next_edit() {
    ++edits_;
    return alphabet_.edits == 0 ? edits_ : (edits_ - 1) % alphabet_.edits + 1;
  }

  std::string tool_text() { return "#!/bin/sh\n# version " + std::to_string(next_edit()) + "\nexit 0\n"; }

  void append_comment(HostEdit& edit, const NodeModel& node) {
    edit = {.kind = HostEditKind::append_line,
            .path = node.kind->configuration,
            .text = "# operator: note " + std::to_string(next_edit()),
            .replaces = {}};
  }

  void flip_toggle(HostEdit& edit, NodeModel& node) {
    const std::size_t index = choices_.pick(node.kind->toggles.size());
    const Toggle& toggle = node.kind->toggles[index];
    const bool back = node.toggled[index];
    edit = {.kind = HostEditKind::replace_text,
            .path = node.kind->configuration,
            .text = back ? toggle.from : toggle.to,
            .replaces = back ? toggle.to : toggle.from};
    node.toggled[index] = !back;
  }

  static void write_operator_file(HostEdit& edit, NodeModel& node, const std::string& path, std::string contents) {
    edit = {.kind = HostEditKind::write_file, .path = path, .text = std::move(contents), .replaces = {}};
    if (std::ranges::count(node.operator_files, path) == 0) node.operator_files.push_back(path);
  }

  void write_drop_in(HostEdit& edit, NodeModel& node) {
    const int present = next_edit();
    if (node.kind->runtime.family == RuntimeFamily::crio) {
      const std::string contents = "[crio.runtime]\npids_limit = " + std::to_string(2048 + present) + "\n";
      return write_operator_file(edit, node, node.kind->drop_in_folder + "/10-operator.conf", contents);
    }
    const std::string version = std::to_string(std::max(node.kind->configuration_version, 2));
    const std::string contents = "# operator: " + std::to_string(present) + "\nversion = " + version +
                                 "\n\n[metrics]\n  grpc_histogram = false\n";
    write_operator_file(edit, node, node.kind->drop_in_folder + "/50-operator.toml", contents);
  }

  void remove_operator_file(HostEdit& edit, NodeModel& node) {
    const std::size_t index = choices_.pick(node.operator_files.size());
    edit = {.kind = HostEditKind::remove_file, .path = node.operator_files[index], .text = {}, .replaces = {}};
    node.operator_files.erase(node.operator_files.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void fill_cluster_edit(Step& step) {
    const ReleaseModel& release = *choices_.pick_from(live());
    ClusterEdit& edit = step.cluster_edit;
    edit.name = release.daemon_set();
    edit.namespace_ = release.namespace_;
    if (!choices_.chance(1, 3)) return;
    edit.kind = ClusterEditKind::label;
    edit.key = "operator.example/team";
    edit.value = choices_.chance(1, 2) ? "blue" : "red";
  }

  // --- faults ---

  void draw_faults(Step& step) {
    if (!faulty_) return;
    const bool runs_logic = helm_command(step.kind) != 0 || step.kind == StepKind::restart_pod;
    if (runs_logic && choices_.chance(1, 2)) step.faults.push_back(draw_fault(step.kind));
    if (helm_command(step.kind) != 0 && choices_.chance(1, 16)) kill_client(step);
    if (starts_all_on_a_node(step) && choices_.chance(1, 2)) step.faults.push_back(draw_preemption());
  }

  // Nobody leaves a release as a dead client left it: the next step takes it to a final state.
  void kill_client(Step& step) {
    step.options.kill_after_requests = choices_.between(0, 12);
    const auto release = std::ranges::find(world_.releases, step.release, &ReleaseModel::name);
    const bool back = release->live && release->revisions.size() > 1 && choices_.chance(1, 2);
    Step mending;
    mending.kind = back ? StepKind::rollback : StepKind::uninstall;
    name_release(mending, *release);
    if (back) {
      DrawnSettings settings = release->revisions[release->revisions.size() - 2].settings;
      mending.revision = release->revisions[release->revisions.size() - 2].number;
      release->add_revision(std::move(settings), kHistoryMax);
    } else {
      release->live = false;
      release->revisions.clear();
    }
    mending_ = std::move(mending);
  }

  // Of all effects most are the copy's; of those that can fail or be lost there are few.
  int draw_effect(FaultKind kind) {
    if (kind == FaultKind::lose) return choices_.between(1, 3);
    if (kind != FaultKind::cut) return choices_.chance(1, 2) ? choices_.between(1, 60) : choices_.between(1, 6);
    return choices_.chance(1, 3) ? choices_.between(1, 300) : choices_.between(1, 60);
  }

  static bool starts_all_on_a_node(const Step& step) {
    return step.kind == StepKind::add_node || step.kind == StepKind::reboot_node ||
           step.kind == StepKind::reimage_node || (step.kind == StepKind::cordon_node && step.uncordon);
  }

  // Most of all where what one reads the other writes: around the files and the service that all releases share.
  Fault draw_preemption() {
    static const std::vector<std::string> kShared{"read /etc/containerd", "replace /etc/containerd", "read /etc/crio",
                                                  "systemctl restart"};
    Fault fault;
    fault.kind = FaultKind::preempt;
    if (choices_.chance(2, 3)) {
      fault.effect_is = choices_.pick_from(kShared);
      fault.effect = choices_.between(1, 3);
    } else {
      fault.effect = draw_effect(FaultKind::cut);
    }
    if (choices_.chance(1, 2)) fault.until = draw_effect(FaultKind::cut);
    return fault;
  }

  Fault draw_fault(StepKind kind) {
    Fault fault;
    static constexpr std::array<std::uint32_t, 4> kWeights{4, 4, 1, 1};  // in the order of FaultKind
    fault.kind = static_cast<FaultKind>(choices_.weighted(kWeights));
    if (kind == StepKind::uninstall) fault.program = "cleanup";
    fault.run = choices_.chance(1, 4) ? choices_.between(2, 4) : 1;
    fault.effect = draw_effect(fault.kind);
    if (fault.kind == FaultKind::fail) {
      fault.error = choices_.pick_from(fault_errors());
      fault.lasting = choices_.chance(1, 4);
    }
    if (fault.kind == FaultKind::cut && choices_.chance(1, 4)) fault.signal = "SIGTERM";
    return fault;
  }

  Choices& choices_;
  const Alphabet& alphabet_;
  Scenario scenario_;
  WorldModel world_;
  SettingsSwarm swarm_;
  std::array<std::uint32_t, kStepKinds> weights_{};
  bool refusing_ = false;        // a suffix may meet a node that refuses it
  bool suffixes_ = false;        // releases have suffixes
  bool colliding_ = false;       // releases may share a suffix
  bool faulty_ = false;          // faults are drawn
  std::optional<Step> mending_;  // what has to follow the present step
  int added_ = 0;
  int edits_ = 0;
};

}  // namespace

Scenario generate(Choices& choices, const Alphabet& alphabet) { return Generator(choices, alphabet).run(); }

}  // namespace barnacle
