#include <memory>
#include <string>
#include <utility>

#include "sim/helm/client.h"
#include "sim/helm/commands.h"
#include "sim/helm/hooks.h"
#include "sim/helm/storage.h"
#include "sim/helm/values.h"

namespace barnacle {
namespace {

// The chart and the values that an upgrade renders.
struct Source {
  ChartPtr chart;
  UserValues config;
};

// --reuse-values keeps the old chart's defaults too: they become the new chart's.
ChartPtr with_old_defaults(const Chart& chart, const Revision& current) {
  auto changed = std::make_shared<Chart>(chart);
  changed->defaults = coalesced_values(*current.chart, current.config);
  if (chart.identity != Hash128{}) {
    changed->identity = Hasher().add(chart.identity).add(hash_of_values(*changed->defaults)).finish();
  }
  return changed;
}

Source values_for_upgrade(const HelmOptions& options, const ChartPtr& chart, const Revision& current,
                          const Values* given) {
  static const Values kNone = Values::object();
  const Values& values = given == nullptr ? kNone : *given;
  if (options.reset_values) return {chart, values};
  if (options.reuse_values) return {with_old_defaults(*chart, current), merge_values(*current.config, values)};
  if (options.reset_then_reuse_values) return {chart, merge_values(*current.config, values)};
  if (values.empty()) return {chart, current.config};
  return {chart, values};
}

// The revision whose manifest is taken to be what the cluster has now.
std::expected<RevisionPtr, std::string> current_revision(const Cluster& cluster, const Named& named,
                                                         const RevisionPtr& last) {
  const std::string none = '"' + named.release + "\" has no deployed releases";
  if (!last) return std::unexpected(none);
  if (is_pending(last->status)) return std::unexpected("another operation (install/upgrade/rollback) is in progress");
  if (RevisionPtr deployed = deployed_revision(cluster, named.namespace_, named.release)) return deployed;
  if (last->status == ReleaseStatus::failed || last->status == ReleaseStatus::superseded) return last;
  return std::unexpected(none);
}

// Objects that only the new manifest has must not exist, or be the release's own: then they count as original ones.
std::expected<ObjectList, std::string> with_adopted(Client& client, const Named& named, ObjectList original,
                                                    const ObjectList& target) {
  ObjectList fresh;
  for (const Object* object : target) {
    if (find_in(original, *object) == nullptr) fresh.push_back(object);
  }
  const auto adopted = existing_objects(client, fresh, named.release, named.namespace_);
  if (!adopted)
    return std::unexpected(client.said("Unable", "unable") + " to continue with update: " + adopted.error());
  original.insert(original.end(), adopted->begin(), adopted->end());
  return original;
}

Done perform(Client& client, const Revision& before, const Revision& revision, const ObjectList& original,
             const ObjectList& target, ObjectList& created) {
  const HelmOptions& options = client.options();
  if (!options.no_hooks) {
    if (const Done ran = run_hooks(client, revision, "pre-upgrade"); !ran)
      return std::unexpected("pre-upgrade hooks failed: " + ran.error());
  }
  Done applied = apply_objects(client, original, target, created);
  if (applied && (options.wait || options.atomic)) applied = wait_for_objects(client, target);
  if (!applied) {
    store_again(client, before);
    return applied;
  }
  if (!options.no_hooks) {
    if (const Done ran = run_hooks(client, revision, "post-upgrade"); !ran)
      return std::unexpected("post-upgrade hooks failed: " + ran.error());
  }
  return {};
}

// The newest revision that was a success as far as Helm can tell; 0 for none.
int last_success(const Cluster& cluster, const Named& named) {
  int number = 0;
  for (const RevisionPtr& revision : history_of(cluster, named.namespace_, named.release)) {
    const bool good = revision->status == ReleaseStatus::superseded || revision->status == ReleaseStatus::deployed;
    if (good) number = revision->number;
  }
  return number;
}

HelmResult roll_back(Client& client, const Named& named, const std::string& error) {
  const int number = last_success(client.cluster(), named);
  if (number == 0) {
    return helm_error(
        "unable to find a previously successful release when attempting to rollback. original upgrade error: " + error);
  }
  const HelmResult rolled = run_rollback(client, named, number, true);
  if (rolled.exit_status != 0) {
    return helm_error("an error occurred while rolling back the release. original upgrade error: " + error + ": " +
                      rolled.message);
  }
  return helm_error("release " + named.release + " failed, and has been rolled back due to " +
                    client.said("atomic", "rollback-on-failure") + " being set: " + error);
}

HelmResult fail_release(Client& client, const Named& named, Revision& revision, const std::string& error,
                        const ObjectList& created) {
  revision.status = ReleaseStatus::failed;
  revision.description = "Upgrade \"" + named.release + "\" failed: " + error;
  store_again(client, revision);
  if (client.options().cleanup_on_fail) {
    for (const Object* object : created) {
      if (const auto removed = client.remove(*object); !removed && removed.error().code != 404) {
        return helm_error("an error occurred while cleaning up resources. original upgrade error: " + error +
                          ": unable to cleanup resources");
      }
    }
  }
  if (client.options().atomic) return roll_back(client, named, error);
  return helm_error(error);
}

}  // namespace

HelmResult run_upgrade(Client& client, const Named& named, const ChartPtr& chart, const Values* values) {
  const RevisionPtr last = newest_revision(client.cluster(), named.namespace_, named.release);
  const auto current = current_revision(client.cluster(), named, last);
  if (!current) return helm_refusal(current.error());
  Source source = values_for_upgrade(client.options(), chart, **current, values);
  const auto manifest =
      render_manifest(*source.chart, named.release, named.namespace_, source.config, true, client.cluster());
  if (!manifest) return helm_refusal(manifest.error().message);
  const ObjectList target = install_order(**manifest);
  const auto original = with_adopted(client, named, install_order(*(*current)->manifest), target);
  if (!original) return helm_refusal(original.error());

  Revision revision{
      named.release,       named.namespace_,        last->number + 1,         ReleaseStatus::pending_upgrade,
      "Preparing upgrade", std::move(source.chart), std::move(source.config), *manifest};
  if (Done stored = store_new(client, revision, true); !stored) return helm_error(stored.error());
  ObjectList created;
  if (const Done done = perform(client, **current, revision, *original, target, created); !done) {
    return fail_release(client, named, revision, done.error(), created);
  }
  Revision before = **current;
  before.status = ReleaseStatus::superseded;
  store_again(client, before);
  revision.status = ReleaseStatus::deployed;
  revision.description = "Upgrade complete";
  store_again(client, revision);
  return {};
}

}  // namespace barnacle
