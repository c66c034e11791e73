// install, cleanup and reset, from top to bottom.
#include "sim/deploy/deployment.h"

namespace barnacle {
namespace {

bool known_runtime(const Deployment& deployment) { return deployment.containerd() || deployment.runtime == "crio"; }

Work configure_runtime(Deployment& deployment) {
  if (deployment.runtime == "crio") co_await configure_crio(deployment);
  else co_await configure_containerd(deployment);
}

Work unconfigure_runtime(Deployment& deployment) {
  if (deployment.runtime == "crio") co_await unconfigure_crio(deployment);
  else co_await unconfigure_containerd(deployment);
}

// Two runs on a node would edit the runtime's files between each other's reads and writes.
Work lock_node(Deployment& deployment) {
  if (!deployment.has(Defect::runs_unlocked)) co_await deployment.shell.lock("/run/lock/kata-deploy.lock");
}

}  // namespace

Work install(Deployment& deployment) {
  co_await lock_node(deployment);
  co_await detect_runtime(deployment);
  if (!known_runtime(deployment)) co_return;  // an unknown runtime: upstream does nothing and sleeps for ever
  co_await check_values(deployment);
  if (deployment.containerd()) co_await prepare_containerd(deployment);
  co_await copy_artifacts(deployment);
  co_await configure_shims(deployment);
  if (deployment.settings.create_runtime_classes) co_await create_runtime_classes(deployment);
  co_await configure_runtime(deployment);
  co_await restart_runtime(deployment);
  co_await wait_until_ready(deployment);
  if (!deployment.has(Defect::stale_artifacts_stay)) co_await prune_artifacts(deployment);
  co_await label_node(deployment);
}

Work cleanup(Deployment& deployment) {
  co_await lock_node(deployment);
  co_await detect_runtime(deployment);
  if (!known_runtime(deployment)) co_return;
  if (deployment.has(Defect::refusal_blocks_cleanup)) co_await check_values(deployment);
  co_await unlabel_node(deployment);
  co_await unconfigure_runtime(deployment);
  if (!deployment.has(Defect::cleanup_without_restart)) co_await restart_runtime(deployment);
  co_await remove_artifacts(deployment);
  if (deployment.settings.create_runtime_classes) co_await delete_runtime_classes(deployment);
}

Work reset(Deployment& deployment) {
  co_await lock_node(deployment);
  co_await detect_runtime(deployment);
  if (!known_runtime(deployment)) co_return;
  co_await unlabel_node(deployment);
  deployment.runtime_files_changed = true;
  co_await restart_runtime(deployment);
  const EffectResult kubelet = co_await deployment.shell.systemctl("restart", "kubelet");
  if (kubelet.exit_status != 0) deployment.shell.fail(kubelet.message, kubelet.exit_status);
  co_await wait_until_ready(deployment);
}

}  // namespace barnacle
