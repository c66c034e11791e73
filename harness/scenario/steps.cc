#include "harness/scenario/steps.h"

#include <algorithm>
#include <array>

#include "sim/base/check.h"

namespace barnacle {
namespace {

using Name = std::string_view;

constexpr std::array<Name, 4> kCommonKeys{"do", "at", "times", "fault"};
constexpr std::array<Name, 4> kInstallKeys{"release", "namespace", "values", "version"};
constexpr std::array<Name, 3> kRollbackKeys{"release", "namespace", "revision"};
constexpr std::array<Name, 2> kReleaseKeys{"release", "namespace"};
constexpr std::array<Name, 3> kPodKeys{"release", "namespace", "node"};
constexpr std::array<Name, 1> kNodeKeys{"node"};
constexpr std::array<Name, 2> kCordonKeys{"node", "uncordon"};
constexpr std::array<Name, 3> kAddNodeKeys{"node", "host", "labels"};
constexpr std::array<Name, 2> kWorkloadKeys{"handler", "node"};
constexpr std::array<Name, 7> kHostEditKeys{"node", "path", "append", "replace", "with", "contents", "remove"};
constexpr std::array<Name, 6> kClusterEditKeys{"edit", "kind", "name", "namespace", "key", "value"};
constexpr std::array<Name, 2> kRuntimeKeys{"node", "runtime"};

constexpr std::array<Name, 1> kNeedsRelease{"release"};
constexpr std::array<Name, 1> kNeedsNode{"node"};
constexpr std::array<Name, 2> kNeedsNodeAndHost{"node", "host"};
constexpr std::array<Name, 1> kNeedsHandler{"handler"};
constexpr std::array<Name, 2> kNeedsNodeAndPath{"node", "path"};
constexpr std::array<Name, 2> kNeedsEditAndName{"edit", "name"};
constexpr std::array<Name, 2> kNeedsNodeAndRuntime{"node", "runtime"};

constexpr std::array<StepRow, 14> kSteps{{
    {StepKind::install, "install", "helm installs a release with its values", kInstallKeys, kNeedsRelease},
    {StepKind::upgrade, "upgrade", "helm upgrades a release to other values or another version", kInstallKeys,
     kNeedsRelease},
    {StepKind::rollback, "rollback", "helm takes a release back to an earlier revision", kRollbackKeys, kNeedsRelease},
    {StepKind::uninstall, "uninstall", "helm uninstalls a release", kReleaseKeys, kNeedsRelease},
    {StepKind::restart_pod, "restart-pod", "the release's pod is deleted on one node or on all, and comes back",
     kPodKeys, kNeedsRelease},
    {StepKind::reboot_node, "reboot-node", "a node goes down and comes up with its disk as it was", kNodeKeys,
     kNeedsNode},
    {StepKind::cordon_node, "cordon-node", "a node is closed to new pods, or opened again", kCordonKeys, kNeedsNode},
    {StepKind::add_node, "add-node", "a fresh node joins the cluster", kAddNodeKeys, kNeedsNodeAndHost},
    {StepKind::remove_node, "remove-node", "a node leaves the cluster for good", kNodeKeys, kNeedsNode},
    {StepKind::reimage_node, "reimage-node", "a node comes back under its name with a fresh disk", kNodeKeys,
     kNeedsNode},
    {StepKind::run_workload, "run-workload", "a pod of a RuntimeClass is started and stays", kWorkloadKeys,
     kNeedsHandler},
    {StepKind::edit_host, "edit-host", "the operator edits a file of their own on a node", kHostEditKeys,
     kNeedsNodeAndPath},
    {StepKind::edit_cluster, "edit-cluster", "an object is deleted, labelled, edited or rolled out anew by hand",
     kClusterEditKeys, kNeedsEditAndName},
    {StepKind::change_runtime, "change-runtime", "a node's container runtime is replaced by another version",
     kRuntimeKeys, kNeedsNodeAndRuntime},
}};

constexpr std::array<Name, 9> kCutKeys{"do",        "program", "node",  "run",   "effect",
                                       "effect_is", "signal",  "since", "before"};
constexpr std::array<Name, 10> kFailKeys{"do",        "program", "node",    "run",   "effect",
                                         "effect_is", "error",   "lasting", "since", "before"};
constexpr std::array<Name, 8> kOtherFaultKeys{"do", "program", "node", "run", "effect", "effect_is", "since", "before"};
constexpr std::array<Name, 9> kPreemptKeys{"do",        "program", "node",  "run",   "effect",
                                           "effect_is", "until",   "since", "before"};
constexpr std::array<FaultRow, 5> kFaults{{
    {FaultKind::cut, "cut", "the deploy logic is killed right after its n-th effect", kCutKeys},
    {FaultKind::fail, "fail",
     "the n-th effect of the deploy logic that can fails with an error, and with `lasting` all after it", kFailKeys},
    {FaultKind::lose, "lose",
     "the n-th writing API request of the deploy logic is done, and its answer lost (a timeout)", kOtherFaultKeys},
    {FaultKind::tear, "tear",
     "the n-th write of the deploy logic stops half-way and kills it; a file that is renamed into place stays as it "
     "was",
     kOtherFaultKeys},
    {FaultKind::preempt, "preempt",
     "after the n-th effect of the deploy logic what else is due on its node runs first; with `until` only to its m-th "
     "effect, then the preempted run to its end",
     kPreemptKeys},
}};

constexpr std::array<Name, 12> kErrors{"ENOSPC", "EIO", "ETXTBSY", "EROFS", "EACCES", "EBUSY",
                                       "ENOENT", "403", "404",     "409",   "429",    "500"};
constexpr std::array<Name, 2> kPrograms{"install", "cleanup"};
constexpr std::array<Name, 2> kSignals{"SIGKILL", "SIGTERM"};

constexpr std::array<HelmFlag, 14> kFlags{{
    {"wait", &HelmOptions::wait, kEveryCommand},
    {"atomic", &HelmOptions::atomic, kInstall | kUpgrade},
    {"force", &HelmOptions::force, kInstall | kUpgrade | kRollback},
    {"force-conflicts", &HelmOptions::force_conflicts, kInstall | kUpgrade | kRollback},
    {"take-ownership", &HelmOptions::take_ownership, kInstall | kUpgrade},
    {"cleanup-on-fail", &HelmOptions::cleanup_on_fail, kUpgrade | kRollback},
    {"no-hooks", &HelmOptions::no_hooks, kEveryCommand},
    {"keep-history", &HelmOptions::keep_history, kUninstall},
    {"install", &HelmOptions::install, kUpgrade},
    {"replace", &HelmOptions::replace, kInstall},
    {"reuse-values", &HelmOptions::reuse_values, kUpgrade},
    {"reset-values", &HelmOptions::reset_values, kUpgrade},
    {"reset-then-reuse-values", &HelmOptions::reset_then_reuse_values, kUpgrade},
    {"create-namespace", &HelmOptions::create_namespace, kInstall | kUpgrade},
}};

constexpr std::array<Name, 3> kCascades{"background", "foreground", "orphan"};
constexpr std::array<Name, 4> kClusterEdits{"delete", "rollout-restart", "label", "set"};

template <class Kind>
std::optional<Kind> from_name(Names names, Name name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Kind>(found - names.begin());
}

template <class Row, std::size_t kSize>
const Row& row_at(const std::array<Row, kSize>& rows, std::size_t index) {
  check(index < rows.size(), "a kind without a row");
  return rows[index];
}

}  // namespace

std::span<const StepRow> step_rows() { return kSteps; }
std::span<const FaultRow> fault_rows() { return kFaults; }
const StepRow& row_of(StepKind kind) { return row_at(kSteps, static_cast<std::size_t>(kind)); }
const FaultRow& row_of(FaultKind kind) { return row_at(kFaults, static_cast<std::size_t>(kind)); }

std::string_view step_name(StepKind kind) { return row_of(kind).name; }

std::optional<StepKind> step_from_name(std::string_view name) {
  const auto found = std::ranges::find(kSteps, name, &StepRow::name);
  return found == kSteps.end() ? std::nullopt : std::optional(found->kind);
}

Names common_step_keys() { return kCommonKeys; }

std::string_view fault_name(FaultKind kind) { return row_of(kind).name; }

std::optional<FaultKind> fault_from_name(std::string_view name) {
  const auto found = std::ranges::find(kFaults, name, &FaultRow::name);
  return found == kFaults.end() ? std::nullopt : std::optional(found->kind);
}

Names fault_errors() { return kErrors; }
Names fault_programs() { return kPrograms; }
Names fault_signals() { return kSignals; }

std::uint8_t helm_command(StepKind kind) {
  switch (kind) {
    case StepKind::install: return kInstall;
    case StepKind::upgrade: return kUpgrade;
    case StepKind::rollback: return kRollback;
    case StepKind::uninstall: return kUninstall;
    default: return 0;
  }
}

std::span<const HelmFlag> helm_flags() { return kFlags; }

std::vector<std::string_view> helm_option_keys(StepKind kind) {
  std::vector<std::string_view> keys;
  const std::uint8_t command = helm_command(kind);
  if (command == 0) return keys;
  for (const HelmFlag& flag : kFlags) {
    if ((flag.commands & command) != 0) keys.push_back(flag.key);
  }
  if ((kHistoryMaxCommands & command) != 0) keys.push_back("history-max");
  if ((kCascadeCommands & command) != 0) keys.push_back("cascade");
  keys.push_back("timeout");
  keys.push_back("kill-after-requests");
  return keys;
}

std::string_view cascade_name(Propagation cascade) { return row_at(kCascades, static_cast<std::size_t>(cascade)); }
Names cascade_names() { return kCascades; }
std::optional<Propagation> cascade_from_name(std::string_view name) { return from_name<Propagation>(kCascades, name); }

std::string_view cluster_edit_name(ClusterEditKind kind) {
  return row_at(kClusterEdits, static_cast<std::size_t>(kind));
}
Names cluster_edit_names() { return kClusterEdits; }
bool has_value(ClusterEditKind kind) { return kind == ClusterEditKind::label || kind == ClusterEditKind::set; }
std::optional<ClusterEditKind> cluster_edit_from_name(std::string_view name) {
  return from_name<ClusterEditKind>(kClusterEdits, name);
}

}  // namespace barnacle
