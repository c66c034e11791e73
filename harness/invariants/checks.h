// The checks, by family: path.cc, list.cc, host.cc, runtime.cc, cleanup.cc, cluster.cc, deploy.cc.
#pragma once

#include "harness/invariants/invariant.h"

namespace barnacle {

void path_suffix_once(const CheckContext& context, Verdict& verdict);
void path_resolves(const NodeView& node, std::vector<Violation>& violations);
void path_inside_roots(const CheckContext& context, Verdict& verdict);
void list_no_duplicates(const NodeView& node, std::vector<Violation>& violations);
void host_idempotent(const CheckContext& context, Verdict& verdict);
void host_converged(const CheckContext& context, Verdict& verdict);
void host_commutes(const NodeView& node, std::vector<Violation>& violations);
void host_restored(const CheckContext& context, Verdict& verdict);
void host_isolated(const CheckContext& context, Verdict& verdict);
void host_operator_kept(const CheckContext& context, Verdict& verdict);
void reboot_noop(const CheckContext& context, Verdict& verdict);
void runtime_parses(const NodeView& node, std::vector<Violation>& violations);
void runtime_loaded(const NodeView& node, std::vector<Violation>& violations);
void runtime_restartable(const CheckContext& context, Verdict& verdict);
void runtime_handlers(const CheckContext& context, Verdict& verdict);
void disruption_bounded(const CheckContext& context, Verdict& verdict);
void cleanup_single_job(const CheckContext& context, Verdict& verdict);
void cleanup_every_node(const CheckContext& context, Verdict& verdict);
void cluster_no_orphans(const CheckContext& context, Verdict& verdict);
void cluster_label(const CheckContext& context, Verdict& verdict);
void api_no_forbidden(const CheckContext& context, Verdict& verdict);
void deploy_truthful(const CheckContext& context, Verdict& verdict);
void deploy_refusal_clean(const CheckContext& context, Verdict& verdict);
void workload_survives(const CheckContext& context, Verdict& verdict);
void release_settles(const CheckContext& context, Verdict& verdict);

}  // namespace barnacle
