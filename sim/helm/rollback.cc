#include <algorithm>
#include <string>

#include "sim/helm/client.h"
#include "sim/helm/commands.h"
#include "sim/helm/hooks.h"
#include "sim/helm/storage.h"

namespace barnacle {
namespace {

// Both records of a rollback that failed half-way. `current` is written as it now stands: superseded only where objects
// could not be brought to the old manifest.
HelmResult fail_rollback(Client& client, const Revision& current, Revision& target, std::string description,
                         std::string error) {
  target.status = ReleaseStatus::failed;
  target.description = std::move(description);
  store_again(client, current);
  store_again(client, target);
  return helm_error(std::move(error));
}

void clean_up(Client& client, const ObjectList& created) {
  if (!client.options().cleanup_on_fail) return;
  for (const Object* object : created) static_cast<void>(client.remove(*object));
}

HelmResult perform(Client& client, const Revision& current, Revision& target, bool wait) {
  const bool hooks = !client.options().no_hooks;
  if (hooks) {
    if (const Done ran = run_hooks(client, target, "pre-rollback"); !ran) return helm_error(ran.error());
  }
  const ObjectList objects = install_order(*target.manifest);
  ObjectList created;
  if (const Done applied = apply_objects(client, install_order(*current.manifest), objects, created); !applied) {
    Revision superseded = current;
    superseded.status = ReleaseStatus::superseded;
    HelmResult failed = fail_rollback(
        client, superseded, target, "Rollback \"" + target.release + "\" failed: " + applied.error(), applied.error());
    clean_up(client, created);
    return failed;
  }
  if (wait) {
    if (const Done waited = wait_for_objects(client, objects); !waited) {
      return fail_rollback(client, current, target, "Release \"" + target.release + "\" failed: " + waited.error(),
                           "release " + target.release + " failed: " + waited.error());
    }
  }
  if (hooks) {
    if (const Done ran = run_hooks(client, target, "post-rollback"); !ran) return helm_error(ran.error());
  }
  return {};
}

void supersede_deployed(Client& client, const Named& named) {
  for (const RevisionPtr& revision : history_of(client.cluster(), named.namespace_, named.release)) {
    if (revision->status != ReleaseStatus::deployed) continue;
    Revision old = *revision;
    old.status = ReleaseStatus::superseded;
    store_again(client, old);
  }
}

}  // namespace

HelmResult run_rollback(Client& client, const Named& named, int number, bool wait) {
  const std::vector<RevisionPtr> history = history_of(client.cluster(), named.namespace_, named.release);
  if (number < 0) return helm_refusal("invalid release revision");
  if (history.empty()) return helm_refusal("release: not found");
  const RevisionPtr current = history.back();
  const int wanted = number == 0 ? current->number - 1 : number;
  const auto previous = std::ranges::find(history, wanted, &Revision::number);
  if (previous == history.end()) return helm_refusal("release has no " + std::to_string(wanted) + " version");

  Revision target = **previous;
  target.number = current->number + 1;
  target.status = ReleaseStatus::pending_rollback;
  target.description = "Rollback to " + std::to_string(wanted);
  if (Done stored = store_new(client, target, true); !stored) return helm_error(stored.error());
  if (HelmResult result = perform(client, *current, target, wait); result.exit_status != 0) return result;
  supersede_deployed(client, named);
  target.status = ReleaseStatus::deployed;
  store_again(client, target);
  return {};
}

}  // namespace barnacle
