// What the Helm client does: releases with revisions stored as Secrets, install, upgrade, rollback, uninstall, hooks,
// ownership. One call is one command run to its end; it moves the cluster's clock while it waits.
//
// Helm 3 computes what it changes itself (a three-way merge). Helm 4 leaves that to the server: it applies whole
// objects, field by field of its own, and is refused where somebody else has taken a field over. It also waits
// otherwise.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/cluster/cluster.h"

namespace barnacle {

// Helm values: JSON objects (the order of keys does not count).
using Values = nlohmann::json;

// Helm's coalescing of values: tables are merged key by key, everything else is replaced; null removes a key.
Values merge_values(const Values& base, const Values& over);

// Of the value, without a dump. Equal values, equal hash.
Hash128 hash_of_values(const Values& values);

// The values that a user gave: never changed, shared by the revisions that have them, with their hash.
class UserValues {
 public:
  UserValues() : UserValues(Values::object()) {}
  UserValues(Values values) : shared_(std::make_shared<const Hashed>(std::move(values))) {}
  const Values& operator*() const { return shared_->values; }
  Hash128 hash() const { return shared_->hash; }

 private:
  struct Hashed {
    explicit Hashed(Values given) : values(std::move(given)), hash(hash_of_values(values)) {}
    Values values;
    Hash128 hash;
  };
  std::shared_ptr<const Hashed> shared_;
};

struct HookPolicy {
  bool before_hook_creation = false;
  bool hook_succeeded = false;
  bool hook_failed = false;
};

struct Hook {
  std::vector<std::string> events;  // "post-delete"
  int weight = 0;
  HookPolicy delete_policy;
  Object object;
};

// What a chart renders to for one set of values.
struct Rendered {
  std::vector<Object> objects;  // plain ones
  std::vector<Hook> hooks;
  Hash128 hash;  // of all of it; Helm fills it in when it keeps the manifest
};

struct RenderError {
  std::string message;  // what `fail` in a template says
};

struct RenderRequest {
  std::string release;
  std::string namespace_;
  std::shared_ptr<const Values> values;  // coalesced with the chart's defaults; never null
  bool is_upgrade = false;
  const Cluster* lookup = nullptr;  // for `lookup`; null under rollback (stored manifests are not rendered again)
};

// A chart as data plus a small function; sim/helm/chart.h makes kata-deploy's, version by version.
struct Chart {
  std::string name;     // "kata-deploy"
  std::string version;  // "3.16.0"
  std::shared_ptr<const Values> defaults = std::make_shared<const Values>();
  // A function of release, namespace and values alone, so that its answer can be remembered.
  std::function<std::expected<Rendered, RenderError>(const RenderRequest&)> render;
  // What a template refuses after a `lookup` in the cluster; asked before every rendering. May be empty.
  std::function<std::optional<RenderError>(const RenderRequest&)> guard;
  // Of all that decides what it renders, defaults included. Zero: renderings are not remembered.
  Hash128 identity;
};
using ChartPtr = std::shared_ptr<const Chart>;

enum class ReleaseStatus : std::uint8_t {
  deployed,
  superseded,
  failed,
  uninstalling,
  uninstalled,
  pending_install,
  pending_upgrade,
  pending_rollback
};
std::string_view status_name(ReleaseStatus status);  // "pending-upgrade"

// One revision, as the release Secret sh.helm.release.v1.NAME.vN stores it.
struct Revision {
  std::string release;
  std::string namespace_;
  int number = 1;
  ReleaseStatus status = ReleaseStatus::pending_install;
  std::string description;  // "Install complete"
  ChartPtr chart;
  UserValues config;
  std::shared_ptr<const Rendered> manifest;
};
using RevisionPtr = std::shared_ptr<const Revision>;

struct HelmOptions {
  bool wait = false;
  bool atomic = false;
  bool force = false;
  bool force_conflicts = false;  // Helm 4: takes fields from their owners
  bool take_ownership = false;
  bool cleanup_on_fail = false;
  bool no_hooks = false;
  bool keep_history = false;
  bool install = false;  // upgrade --install
  bool replace = false;  // install --replace
  bool reuse_values = false;
  bool reset_values = false;
  bool reset_then_reuse_values = false;
  bool create_namespace = false;
  int history_max = 10;  // 0: without limit
  Time timeout_s = 300;
  Propagation cascade = Propagation::background;
  std::optional<int> kill_after_requests = std::nullopt;  // the client dies after so many writing requests
};

struct HelmResult {
  int exit_status = 0;  // 1 on an error, 137 when the client was killed
  std::string message;  // the error as helm prints it, without "Error: "; empty on success
  bool refused =
      false;  // nothing was changed: rendering or an ownership check stopped it, or the release was not there
};

inline constexpr int kHelm3 = 3;
inline constexpr int kHelm4 = 4;

// Release storage and the four commands. Stateless: all state is in the cluster's Secrets.
class Helm {
 public:
  Helm(Cluster& cluster, Machines& machines, int major = kHelm3)
      : cluster_(cluster), machines_(machines), major_(major) {}

  HelmResult install(const std::string& release, const std::string& ns, ChartPtr chart, const UserValues& values,
                     const HelmOptions& options);
  // `chart` as given on the command line; `values` null: none given.
  HelmResult upgrade(const std::string& release, const std::string& ns, ChartPtr chart, const Values* values,
                     const HelmOptions& options);
  HelmResult rollback(const std::string& release, const std::string& ns, int revision /* 0: the previous */,
                      const HelmOptions& options);
  HelmResult uninstall(const std::string& release, const std::string& ns, const HelmOptions& options);

 private:
  Cluster& cluster_;
  Machines& machines_;
  int major_;
};

// All revisions, by release namespace, name and number.
std::vector<RevisionPtr> stored_revisions(const Cluster& cluster);
// The newest revision of a release; null when Helm has none.
RevisionPtr newest_revision(const Cluster& cluster, std::string_view ns, std::string_view release);
RevisionPtr deployed_revision(const Cluster& cluster, std::string_view ns, std::string_view release);

// How Helm computes a patch.
enum class MergeKind : std::uint8_t {
  strategic,  // kinds of the client's scheme: three ways, lists by merge key
  json  // all others: two ways, between the manifests only; what was changed by hand and not by the chart is not seen
};

// Helm 3's three-way merge: what `current` becomes when the chart's manifest goes from `original` to `modified`. Keys
// the chart sets win; keys it dropped are removed; everything else that was added by hand stays. Lists by merge key for
// kinds of the client's scheme.
nlohmann::json three_way_merge(const nlohmann::json& original, const nlohmann::json& modified,
                               const nlohmann::json& current, MergeKind kind = MergeKind::strategic);

}  // namespace barnacle
