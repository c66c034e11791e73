// Every invariant: its stable id, what it says, and its check. A new one is a row here and a function in a file of its
// family.
#include "harness/invariants/checks.h"

namespace barnacle {
namespace {

// clang-format off
constexpr Invariant kInvariants[] = {
  {.id = "path.suffix-once", .sentence = "every path is a payload path relocated exactly once", .check = path_suffix_once},
  {.id = "path.resolves", .sentence = "every path that resolves in the payload, and every path the logic wrote down, resolves on the host", .node_check = path_resolves},
  {.id = "path.inside-roots", .sentence = "the logic writes only below the roots that its subject declares", .check = path_inside_roots},
  {.id = "list.no-duplicates", .sentence = "no list holds an entry more often than payload and values ask for", .node_check = list_no_duplicates},
  {.id = "host.idempotent", .sentence = "a restart with unchanged values leaves the host as it was", .check = host_idempotent},
  {.id = "host.converged", .sentence = "the host is what fresh installs of the live releases give", .check = host_converged},
  {.id = "host.commutes", .sentence = "two releases give the same host in either order", .node_check = host_commutes},
  {.id = "host.restored", .sentence = "after the last uninstall the host is as it was, with the operator's edits", .check = host_restored},
  {.id = "host.isolated", .sentence = "a step of one release leaves the others' files, handlers and label alone", .check = host_isolated},
  {.id = "host.operator-kept", .sentence = "what the operator wrote survives, with its comments and its order", .check = host_operator_kept},
  {.id = "reboot.noop", .sentence = "a reboot and quiet time change nothing", .check = reboot_noop},
  {.id = "runtime.parses", .sentence = "the runtime's configuration parses and loads", .node_check = runtime_parses},
  {.id = "runtime.loaded", .sentence = "what the runtime has loaded is what is on disk", .node_check = runtime_loaded},
  {.id = "runtime.restartable", .sentence = "after every effect the runtime could be restarted, with all its handlers", .check = runtime_restartable},
  {.id = "runtime.handlers", .sentence = "each RuntimeClass of a release has its handler on every node that the release serves", .check = runtime_handlers},
  {.id = "disruption.bounded", .sentence = "the runtime is not restarted when nothing that it loads has changed", .check = disruption_bounded},
  {.id = "cleanup.single-job", .sentence = "an uninstall has one cleanup Job, and one cleanup pod on a node", .check = cleanup_single_job},
  {.id = "cleanup.every-node", .sentence = "an uninstall that reports success has cleaned every node", .check = cleanup_every_node},
  {.id = "cluster.no-orphans", .sentence = "after an uninstall no object of the release is left", .check = cluster_no_orphans},
  {.id = "cluster.label", .sentence = "a node carries the runtime label exactly while a release serves it", .check = cluster_label},
  {.id = "api.no-forbidden", .sentence = "no request of a release's pod is answered 401 or 403", .check = api_no_forbidden},
  {.id = "deploy.truthful", .sentence = "a run in which an operation failed reports failure, or ends as if nothing had failed", .check = deploy_truthful, .needs_fault = true},
  {.id = "deploy.refusal-clean", .sentence = "a run that refuses its values says so and leaves the host untouched", .check = deploy_refusal_clean},
  {.id = "workload.survives", .sentence = "a running workload keeps its files through restarts, upgrades and other releases", .check = workload_survives},
  {.id = "release.settles", .sentence = "pods are ready or refuse cleanly, the cleanup Job is over, the release is in a final state", .check = release_settles},
};
// clang-format on

}  // namespace

std::span<const Invariant> all_invariants() { return kInvariants; }

}  // namespace barnacle
