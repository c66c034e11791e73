#include <memory>
#include <string>

#include "sim/helm/client.h"
#include "sim/helm/commands.h"
#include "sim/helm/hooks.h"
#include "sim/helm/storage.h"

namespace barnacle {
namespace {

bool name_is_free(const RevisionPtr& newest, bool replace) {
  if (!newest) return true;
  return replace && (newest->status == ReleaseStatus::uninstalled || newest->status == ReleaseStatus::failed);
}

void create_namespace(Client& client, const std::string& ns) {
  Object object;
  object.kind = Kind::namespace_;
  object.name = ns;
  object.labels = {{"name", ns}};
  object.body = make_body(nlohmann::json::object());
  static_cast<void>(client.create(std::move(object)));  // that it is there already is no error
}

// --replace: the new release continues the numbers of the old one, whose record is superseded (a failed one stays so).
int next_number(Client& client, const RevisionPtr& newest) {
  if (!newest) return 1;
  if (newest->status != ReleaseStatus::failed) {
    Revision old = *newest;
    old.status = ReleaseStatus::superseded;
    old.description = "superseded by new release";
    store_again(client, old);
  }
  return newest->number + 1;
}

Done perform(Client& client, Revision& revision, const ObjectList& objects, const ObjectList& adopted) {
  const HelmOptions& options = client.options();
  if (!options.no_hooks) {
    if (const Done ran = run_hooks(client, revision, "pre-install"); !ran)
      return std::unexpected("failed pre-install: " + ran.error());
  }
  ObjectList created;
  // An adopted object's "original" is the new manifest itself: nothing of it is dropped.
  const Done applied =
      adopted.empty() ? create_objects(client, objects) : apply_objects(client, adopted, objects, created);
  if (!applied) return applied;
  if (options.wait || options.atomic) {
    if (Done waited = wait_for_objects(client, objects); !waited) return waited;
  }
  if (!options.no_hooks) {
    if (const Done ran = run_hooks(client, revision, "post-install"); !ran)
      return std::unexpected("failed post-install: " + ran.error());
  }
  return {};
}

HelmResult fail_release(Client& client, const Named& named, Revision& revision, const std::string& error) {
  revision.status = ReleaseStatus::failed;
  revision.description = "Release \"" + named.release + "\" failed: " + error;
  if (!client.options().atomic) {
    store_again(client, revision);
    return helm_error(error);
  }
  const HelmResult uninstalled = run_uninstall(client, named, false, false);
  if (uninstalled.exit_status != 0) {
    return helm_error("an error occurred while uninstalling the release. original install error: " + error + ": " +
                      uninstalled.message);
  }
  return helm_error("release " + named.release + " failed, and has been uninstalled due to " +
                    client.said("atomic", "rollback-on-failure") + " being set: " + error);
}

}  // namespace

HelmResult run_install(Client& client, const Named& named, const ChartPtr& chart, const UserValues& values,
                       bool replace) {
  const RevisionPtr newest = newest_revision(client.cluster(), named.namespace_, named.release);
  if (!name_is_free(newest, replace))
    return helm_refusal(client.said("cannot re-use", "release name check failed: cannot reuse") +
                        " a name that is still in use");
  const auto manifest = render_manifest(*chart, named.release, named.namespace_, values, false, client.cluster());
  if (!manifest) return helm_refusal(manifest.error().message);
  const ObjectList objects = install_order(**manifest);
  const auto adopted = existing_objects(client, objects, named.release, named.namespace_);
  if (!adopted) return helm_refusal(client.said("Unable", "unable") + " to continue with install: " + adopted.error());

  if (client.options().create_namespace) create_namespace(client, named.namespace_);
  Revision revision{named.release,
                    named.namespace_,
                    next_number(client, newest),
                    ReleaseStatus::pending_install,
                    "Initial install underway",
                    chart,
                    values,
                    *manifest};
  if (Done stored = store_new(client, revision, false); !stored) return helm_error(stored.error());
  if (const Done done = perform(client, revision, objects, *adopted); !done) {
    return fail_release(client, named, revision, done.error());
  }
  revision.status = ReleaseStatus::deployed;
  revision.description = "Install complete";
  store_again(client, revision);
  return {};
}

}  // namespace barnacle
