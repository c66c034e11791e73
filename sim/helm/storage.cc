#include "sim/helm/storage.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <tuple>
#include <utility>

namespace barnacle {
namespace {

constexpr std::string_view kSecretPrefix = "sh.helm.release.v1.";
constexpr std::string_view kSecretType = "helm.sh/release.v1";

constexpr std::array<std::string_view, 8> kStatusNames{"deployed",        "superseded",      "failed",
                                                       "uninstalling",    "uninstalled",     "pending-install",
                                                       "pending-upgrade", "pending-rollback"};

const BodyPtr& secret_body() {
  static const BodyPtr body = make_body({{"type", kSecretType}});
  return body;
}

// What a Secret stores; null when that is no revision.
const Revision* revision_in(const Object& secret) {
  return secret.name.starts_with(kSecretPrefix) ? static_cast<const Revision*>(secret.payload.get()) : nullptr;
}

RevisionPtr shared_revision_in(const Object& secret) {
  return std::static_pointer_cast<const Revision>(secret.payload);
}

// Those that store the revisions of a release; v10 comes before v2.
auto secrets_of(const Cluster& cluster, std::string_view ns, std::string_view release) {
  return cluster.of_kind(Kind::secret) | std::views::filter([ns, release](const ObjectPtr& secret) {
           if (secret->namespace_ != ns) return false;
           const Revision* revision = revision_in(*secret);
           return revision != nullptr && revision->release == release;
         });
}

RevisionPtr newest_in(auto secrets) {
  const auto number = [](const ObjectPtr& secret) { return revision_in(*secret)->number; };
  const auto newest = std::ranges::max_element(secrets, {}, number);
  return newest == secrets.end() ? nullptr : shared_revision_in(**newest);
}

// Makes room for one more revision.
Done prune_history(Client& client, std::string_view ns, std::string_view release) {
  const int keep = client.options().history_max - 1;
  const std::vector<RevisionPtr> history = history_of(client.cluster(), ns, release);
  const RevisionPtr deployed = deployed_revision(client.cluster(), ns, release);
  auto surplus = static_cast<int>(history.size()) - keep;
  for (const RevisionPtr& revision : history) {
    if (surplus <= 0) break;
    if (deployed && revision->number == deployed->number) continue;
    if (Done removed = purge(client, {revision}); !removed) return removed;
    --surplus;
  }
  return {};
}

}  // namespace

Object secret_of(const Revision& revision) {
  Object secret;
  secret.kind = Kind::secret;
  secret.namespace_ = revision.namespace_;
  secret.name = secret_name(revision.release, revision.number);
  Strings& labels = secret.labels.edit();
  labels.emplace_hint(labels.end(), "name", revision.release);
  labels.emplace_hint(labels.end(), "owner", "helm");
  labels.emplace_hint(labels.end(), "status", status_name(revision.status));
  labels.emplace_hint(labels.end(), "version", std::to_string(revision.number));
  secret.body = secret_body();
  secret.payload = std::make_shared<const Revision>(revision);
  secret.payload_hash = hash_of_revision(revision);
  return secret;
}

Hash128 hash_of_revision(const Revision& revision) {
  Hasher hasher;
  hasher.add(std::string_view(revision.release)).add(std::string_view(revision.namespace_));
  hasher.add(static_cast<std::uint64_t>(revision.number)).add(static_cast<std::uint64_t>(revision.status));
  hasher.add(std::string_view(revision.description)).add(revision.config.hash());
  if (revision.chart) {
    hasher.add(std::string_view(revision.chart->name))
        .add(std::string_view(revision.chart->version))
        .add(revision.chart->identity);
  }
  if (revision.manifest) hasher.add(revision.manifest->hash);
  return hasher.finish();
}

std::string_view status_name(ReleaseStatus status) { return kStatusNames.at(static_cast<std::size_t>(status)); }

std::string secret_name(std::string_view release, int number) {
  const std::string version = std::to_string(number);
  std::string name;
  name.reserve(kSecretPrefix.size() + release.size() + 2 + version.size());
  return name.append(kSecretPrefix).append(release).append(".v").append(version);
}

bool is_pending(ReleaseStatus status) {
  return status == ReleaseStatus::pending_install || status == ReleaseStatus::pending_upgrade ||
         status == ReleaseStatus::pending_rollback;
}

std::vector<RevisionPtr> stored_revisions(const Cluster& cluster) {
  const auto secrets = cluster.of_kind(Kind::secret);
  std::vector<RevisionPtr> revisions;
  revisions.reserve(secrets.size());
  for (const ObjectPtr& secret : secrets) {
    if (revision_in(*secret) != nullptr) revisions.push_back(shared_revision_in(*secret));
  }
  std::ranges::sort(revisions, {}, [](const RevisionPtr& r) { return std::tie(r->namespace_, r->release, r->number); });
  return revisions;
}

std::vector<RevisionPtr> history_of(const Cluster& cluster, std::string_view ns, std::string_view release) {
  std::vector<RevisionPtr> history;
  for (const ObjectPtr& secret : secrets_of(cluster, ns, release)) history.push_back(shared_revision_in(*secret));
  std::ranges::sort(history, {}, &Revision::number);
  return history;
}

RevisionPtr newest_revision(const Cluster& cluster, std::string_view ns, std::string_view release) {
  return newest_in(secrets_of(cluster, ns, release));
}

RevisionPtr deployed_revision(const Cluster& cluster, std::string_view ns, std::string_view release) {
  const auto is_deployed = [](const ObjectPtr& secret) {
    return revision_in(*secret)->status == ReleaseStatus::deployed;
  };
  return newest_in(secrets_of(cluster, ns, release) | std::views::filter(is_deployed));
}

Done store_new(Client& client, const Revision& revision, bool prune) {
  if (prune && client.options().history_max > 0) {
    if (Done pruned = prune_history(client, revision.namespace_, revision.release); !pruned) return pruned;
  }
  if (const auto made = client.create(secret_of(revision)); !made) {
    return std::unexpected("create: failed to create: " + made.error().message);
  }
  return {};
}

void store_again(Client& client, const Revision& revision) { store_again(client, secret_of(revision)); }

void store_again(Client& client, const Object& secret) { static_cast<void>(client.update(secret)); }

Done purge(Client& client, const std::vector<RevisionPtr>& revisions) {
  for (const RevisionPtr& revision : revisions) {
    Object secret;
    secret.kind = Kind::secret;
    secret.namespace_ = revision->namespace_;
    secret.name = secret_name(revision->release, revision->number);
    if (const auto removed = client.remove(secret); !removed) return std::unexpected(removed.error().message);
  }
  return {};
}

}  // namespace barnacle
