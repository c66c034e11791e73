#include "sim/helm/hooks.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <vector>

#include "sim/base/stable_sort.h"
#include "sim/helm/object_status.h"
#include "sim/helm/storage.h"

namespace barnacle {
namespace {

constexpr std::string_view kTimedOut = "timed out waiting for the condition";

using HookList = std::vector<const Hook*>;

HookList hooks_of(const Rendered& manifest, std::string_view event) {
  HookList hooks;
  for (const Hook& hook : manifest.hooks) {
    if (std::ranges::find(hook.events, event) != hook.events.end()) hooks.push_back(&hook);
  }
  sort_stably(hooks, [](const Hook* a, const Hook* b) {
    return a->weight != b->weight ? a->weight < b->weight : a->object.name < b->object.name;
  });
  return hooks;
}

// A hook without a policy is deleted before it is created again.
bool deleted_before(const HookPolicy& policy) {
  return policy.before_hook_creation || (!policy.hook_succeeded && !policy.hook_failed);
}

Done delete_hook(Client& client, const Object& object) {
  if (object.kind == Kind::custom_resource_definition) return {};  // would take all objects of the kind along
  if (const auto removed = client.remove(object); !removed && removed.error().code != 404) {
    return std::unexpected(removed.error().message);
  }
  // Helm 4 waits for deletions only where it was asked to wait.
  if (client.applies() && !client.options().wait && !client.options().atomic) return {};
  const bool gone = client.wait_until(client.options().timeout_s, [&object](const Cluster& cluster) {
    return cluster.find(object.kind, object.namespace_, object.name) == nullptr;
  });
  if (!gone) return std::unexpected(std::string(kTimedOut));
  return {};
}

const JobStatus* status_of_job(const Cluster& cluster, const Object& job) {
  const ObjectPtr live = cluster.find(Kind::job, job.namespace_, job.name);
  return live ? std::get_if<JobStatus>(&live->status) : nullptr;
}

bool pod_is_over(const Cluster& cluster, const Object& pod) {
  const ObjectPtr live = cluster.find(Kind::pod, pod.namespace_, pod.name);
  const auto* status = live ? std::get_if<PodStatus>(&live->status) : nullptr;
  return status != nullptr && (status->phase == PodPhase::succeeded || status->phase == PodPhase::failed);
}

Done wait_for_job(Client& client, const Object& job) {
  const auto over = [&job](const Cluster& cluster) {
    const JobStatus* status = status_of_job(cluster, job);
    return status != nullptr && !status->condition.empty();
  };
  if (!client.wait_until(client.options().timeout_s, over)) return std::unexpected(std::string(kTimedOut));
  const JobStatus* status = status_of_job(client.cluster(), job);
  if (status->condition == "Failed") return std::unexpected("job " + job.name + " failed: " + status->reason);
  return {};
}

Done wait_for_pod(Client& client, const Object& pod) {
  const auto over = [&pod](const Cluster& cluster) { return pod_is_over(cluster, pod); };
  if (!client.wait_until(client.options().timeout_s, over)) return std::unexpected(std::string(kTimedOut));
  const ObjectPtr live = client.cluster().find(Kind::pod, pod.namespace_, pod.name);
  if (std::get<PodStatus>(live->status).phase == PodPhase::failed)
    return std::unexpected("pod " + pod.name + " failed");
  return {};
}

// Jobs and Pods are waited for; every other kind is ready once it is there.
Done wait_for_hook(Client& client, const Object& object) {
  if (client.applies()) return wait_until_current(client, {&object});
  if (object.kind == Kind::job) return wait_for_job(client, object);
  if (object.kind == Kind::pod) return wait_for_pod(client, object);
  return {};
}

Done run_hook(Client& client, const Object& secret, const Hook& hook, std::string_view event) {
  if (deleted_before(hook.delete_policy)) {
    if (Done deleted = delete_hook(client, hook.object); !deleted) return deleted;
  }
  store_again(client, secret);
  if (const auto made = client.make(hook.object); !made) {
    return std::unexpected("warning: Hook " + std::string(event) + " " + hook.object.name +
                           " failed: " + made.error().message);
  }
  Done waited = wait_for_hook(client, hook.object);
  if (!waited && !client.applies() && hook.delete_policy.hook_failed)
    static_cast<void>(delete_hook(client, hook.object));
  return waited;
}

// Helm 3 leaves the hooks before one that failed; Helm 4 deletes those that were to go with their success.
void clean_up_after(Client& client, const HookList& hooks, std::size_t failed) {
  if (hooks[failed]->delete_policy.hook_failed) static_cast<void>(delete_hook(client, hooks[failed]->object));
  for (const Hook* hook : hooks | std::views::take(failed)) {
    if (hook->delete_policy.hook_succeeded && !delete_hook(client, hook->object)) return;
  }
}

}  // namespace

Done run_hooks(Client& client, const Revision& revision, std::string_view event) {
  const HookList hooks = hooks_of(*revision.manifest, event);
  if (hooks.empty()) return {};
  const Object secret = secret_of(revision);
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    Done ran = run_hook(client, secret, *hooks[i], event);
    if (ran) continue;
    if (client.applies()) clean_up_after(client, hooks, i);
    return ran;
  }
  for (const Hook* hook : std::views::reverse(hooks)) {
    if (!hook->delete_policy.hook_succeeded) continue;
    if (Done deleted = delete_hook(client, hook->object); !deleted) return deleted;
  }
  return {};
}

}  // namespace barnacle
