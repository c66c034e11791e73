// Objects, labels and permissions in the cluster.
#include <fmt/format.h>

#include <algorithm>

#include "harness/invariants/checks.h"

namespace barnacle {
namespace {

bool claimed(const World& world, const std::string& runtime_class) {
  for (const NodeHost& node : world.nodes) {
    for (const Served* served : served_on(world, node.name)) {
      const Settings& settings = *served->settings;
      if (std::ranges::any_of(settings.shims,
                              [&](const std::string& shim) { return settings.handler(shim) == runtime_class; }))
        return true;
    }
  }
  return false;
}

// A pod of this release is not there yet or no longer; what has not settled may still claim its classes.
bool any_unsettled(const World& world) {
  for (const ObjectPtr& pod : world.cluster.all(Kind::pod)) {
    const auto& status = std::get<PodStatus>(pod->status);
    if (!pod->owners.empty() && pod->owners.front().kind == Kind::daemon_set && !status.settled) return true;
  }
  return false;
}

// Hook objects carry no mark of their release: Helm knows them by its stored manifest only.
std::vector<std::string> hooks_left(const CheckContext& context) {
  std::vector<std::string> left;
  const RevisionPtr revision = newest_revision(context.before.cluster, context.step.namespace_, context.step.release);
  if (!revision || !revision->manifest) return left;
  for (const Hook& hook : revision->manifest->hooks) {
    const ObjectPtr object = context.after.cluster.find(hook.object.kind, hook.object.namespace_, hook.object.name);
    if (object) left.push_back(describe(*object));
  }
  return left;
}

bool kept(const Object& object) {
  const auto policy = object.annotations.find("helm.sh/resource-policy");
  return policy != object.annotations.end() && policy->second == "keep";
}

}  // namespace

void cluster_no_orphans(const CheckContext& context, Verdict& verdict) {
  if (context.step.kind != StepKind::uninstall || context.record.refused || context.step.options.no_hooks) return;
  verdict.spoke = true;
  const bool unsettled = any_unsettled(context.after);
  const RevisionPtr newest = newest_revision(context.before.cluster, context.step.namespace_, context.step.release);
  for (const std::string& left : hooks_left(context)) {
    verdict.violations.push_back(
        {"", left, "is a hook of the release and is left after the uninstall", context.step.release});
  }
  for (const ObjectPtr& object : context.after.cluster.objects()) {
    const auto ns = object->annotations.find("meta.helm.sh/release-namespace");
    const bool own = release_of(*object) == context.step.release && ns != object->annotations.end() &&
                     ns->second == context.step.namespace_;
    if (own && !kept(*object) && in_manifest(newest, *object)) {
      verdict.violations.push_back({"", describe(*object), "is left after the uninstall", context.step.release});
      continue;
    }
    const bool nobodys_class = object->kind == Kind::runtime_class && release_of(*object).empty();
    if (nobodys_class && !unsettled && !claimed(context.after, object->name)) {
      verdict.violations.push_back({"", describe(*object), "is left and belongs to no release", context.step.release});
    }
  }
}

// Pods with a RuntimeClass of the subject's go where its label is.
void cluster_label(const CheckContext& context, Verdict& verdict) {
  const std::string label(node_label(context.lab));
  if (label.empty()) return;
  for (const ClusterNode& node : context.nodes) {
    const bool serves = std::ranges::count(node.standing, Standing::settled) > 0;
    verdict.spoke = verdict.spoke || node.labelled || serves;
    if (node.labelled == serves) continue;
    const std::string release = node.served.empty() ? context.step.release : node.served.front()->release;
    verdict.violations.push_back(
        {node.name, label,
         node.labelled ? "is on a node that no release serves" : "is not on a node that a release serves", release});
  }
}

void api_no_forbidden(const CheckContext& context, Verdict& verdict) {
  verdict.spoke =
      std::ranges::any_of(context.record.runs, [](const RunEvent& event) { return !event.run->api.empty(); });
  for (const std::string& request : context.record.denied) {
    verdict.violations.push_back({"", request, "was refused by the API server", context.step.release});
  }
}

}  // namespace barnacle
