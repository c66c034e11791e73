#include <string>
#include <vector>

#include "sim/helm/client.h"
#include "sim/helm/commands.h"
#include "sim/helm/hooks.h"
#include "sim/helm/storage.h"

namespace barnacle {
namespace {

using Errors = std::vector<std::string>;

HelmResult completed_with(const Errors& errors) {
  if (errors.empty()) return {};
  std::string joined;
  for (const std::string& error : errors) joined += (joined.empty() ? "" : "; ") + error;
  return helm_error("uninstallation completed with " + std::to_string(errors.size()) + " error(s): " + joined);
}

// What was deleted, in Helm's order; objects with the policy "keep" stay. False when one could not be deleted.
bool delete_objects(Client& client, const Rendered& manifest, ObjectList& deleted) {
  bool well = true;
  for (const Object* object : uninstall_order(manifest)) {
    if (is_kept(*object)) continue;
    const auto removed = client.remove(*object, client.options().cascade);
    if (!removed && removed.error().code != 404) well = false;
    if (removed) deleted.push_back(object);
  }
  return well;
}

Done wait_for_deletion(Client& client, const ObjectList& deleted) {
  const bool gone = client.wait_until(client.options().timeout_s, [&deleted](const Cluster& cluster) {
    for (const Object* object : deleted) {
      if (cluster.find(object->kind, object->namespace_, object->name)) return false;
    }
    return true;
  });
  if (!gone) return std::unexpected("context deadline exceeded");
  return {};
}

HelmResult uninstall_again(Client& client, const Named& named, const std::vector<RevisionPtr>& history,
                           bool keep_history) {
  if (keep_history) return helm_refusal("the release named \"" + named.release + "\" is already deleted");
  if (const Done purged = purge(client, history); !purged) {
    return helm_error("uninstall: Failed to purge the release: " + purged.error());
  }
  return {};
}

// Helm 4 leaves no other revision deployed beside an uninstalled one.
void supersede_deployed(Client& client, const std::vector<RevisionPtr>& history, const Revision& release) {
  for (const RevisionPtr& revision : history) {
    if (revision->number == release.number || revision->status != ReleaseStatus::deployed) continue;
    Revision old = *revision;
    old.status = ReleaseStatus::superseded;
    store_again(client, old);
  }
}

// Deletes the records, or keeps them and notes the end.
void finish(Client& client, const std::vector<RevisionPtr>& history, Revision& release, bool keep_history,
            Errors& errors) {
  release.status = ReleaseStatus::uninstalled;
  release.description = "Uninstallation complete";
  if (keep_history) {
    store_again(client, release);
    if (client.applies()) supersede_deployed(client, history, release);
  } else if (const Done purged = purge(client, history); !purged) {
    errors.push_back("uninstall: Failed to purge the release: " + purged.error());
  }
}

}  // namespace

HelmResult run_uninstall(Client& client, const Named& named, bool keep_history, bool wait) {
  const HelmOptions& options = client.options();
  const std::vector<RevisionPtr> history = history_of(client.cluster(), named.namespace_, named.release);
  if (history.empty()) return helm_refusal("uninstall: Release not loaded: " + named.release + ": release: not found");
  if (history.back()->status == ReleaseStatus::uninstalled)
    return uninstall_again(client, named, history, keep_history);

  Revision release = *history.back();
  release.status = ReleaseStatus::uninstalling;
  release.description = "Deletion in progress (or silently failed)";
  if (!options.no_hooks) {
    if (const Done ran = run_hooks(client, release, "pre-delete"); !ran) return helm_error(ran.error());
  }
  store_again(client, release);
  ObjectList deleted;
  if (!delete_objects(client, *release.manifest, deleted))
    return helm_error("failed to delete release: " + named.release);

  Errors errors;
  if (wait) {
    if (const Done waited = wait_for_deletion(client, deleted); !waited) errors.push_back(waited.error());
  }
  if (!options.no_hooks) {
    if (const Done ran = run_hooks(client, release, "post-delete"); !ran) errors.push_back(ran.error());
  }
  finish(client, history, release, keep_history, errors);
  return completed_with(errors);
}

}  // namespace barnacle
