#include "sim/helm/manifest.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "sim/base/stable_sort.h"
#include "sim/helm/values.h"

namespace barnacle {
namespace {

// Helm's order of kinds, of those that the simulated cluster knows. A kind that is not in the list comes last.
constexpr std::array kInstallOrder{Kind::namespace_,
                                   Kind::service_account,
                                   Kind::secret,
                                   Kind::config_map,
                                   Kind::custom_resource_definition,
                                   Kind::cluster_role,
                                   Kind::cluster_role_binding,
                                   Kind::role,
                                   Kind::role_binding,
                                   Kind::daemon_set,
                                   Kind::pod,
                                   Kind::job};
constexpr std::array kUninstallOrder{Kind::job,
                                     Kind::pod,
                                     Kind::daemon_set,
                                     Kind::role_binding,
                                     Kind::role,
                                     Kind::cluster_role_binding,
                                     Kind::cluster_role,
                                     Kind::custom_resource_definition,
                                     Kind::config_map,
                                     Kind::secret,
                                     Kind::service_account,
                                     Kind::namespace_};

constexpr std::size_t kRememberedManifests = 4096;

template <std::size_t N>
std::size_t rank_in(const std::array<Kind, N>& order, Kind kind) {
  return static_cast<std::size_t>(std::ranges::find(order, kind) - order.begin());
}

// Kinds outside of Helm's list come in the order of their names.
template <std::size_t N>
bool comes_before(const std::array<Kind, N>& order, Kind a, Kind b) {
  const std::size_t rank_a = rank_in(order, a);
  const std::size_t rank_b = rank_in(order, b);
  if (rank_a != rank_b) return rank_a < rank_b;
  return rank_a == N && kind_name(a) < kind_name(b);
}

void add_strings(Hasher& hasher, const Strings& strings) {
  hasher.add(static_cast<std::uint64_t>(strings.size()));
  for (const auto& [key, value] : strings) hasher.add(std::string_view(key)).add(std::string_view(value));
}

void add_object(Hasher& hasher, const Object& object) {
  hasher.add(static_cast<std::uint64_t>(object.kind))
      .add(std::string_view(object.namespace_))
      .add(std::string_view(object.name));
  add_strings(hasher, object.labels);
  add_strings(hasher, object.annotations);
  hasher.add(object.body->hash);
}

Hash128 hash_of_manifest(const Rendered& manifest) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(manifest.objects.size()));
  for (const Object& object : manifest.objects) add_object(hasher, object);
  for (const Hook& hook : manifest.hooks) {
    for (const std::string& event : hook.events) hasher.add(std::string_view(event));
    hasher.add(static_cast<std::uint64_t>(hook.weight));
    const HookPolicy& policy = hook.delete_policy;
    hasher.add(static_cast<std::uint64_t>((policy.before_hook_creation ? 1 : 0) | (policy.hook_succeeded ? 2 : 0) |
                                          (policy.hook_failed ? 4 : 0)));
    add_object(hasher, hook.object);
  }
  return hasher.finish();
}

RenderedPtr sealed(Rendered manifest, const std::string& release, const std::string& ns) {
  const auto by_kind = [](const Object& a, const Object& b) { return comes_before(kInstallOrder, a.kind, b.kind); };
  sort_stably(manifest.objects, by_kind);
  sort_stably(manifest.hooks, [&by_kind](const Hook& a, const Hook& b) { return by_kind(a.object, b.object); });
  for (Object& object : manifest.objects) {
    object.labels.edit()[std::string(kManagedBy)] = "Helm";
    Strings& annotations = object.annotations.edit();
    annotations[std::string(kReleaseName)] = release;
    annotations[std::string(kReleaseNamespace)] = ns;
  }
  manifest.hash = hash_of_manifest(manifest);
  return std::make_shared<const Rendered>(std::move(manifest));
}

using Outcome = std::expected<RenderedPtr, RenderError>;

Outcome render_now(const Chart& chart, const RenderRequest& request) {
  std::expected<Rendered, RenderError> rendered = chart.render(request);
  if (!rendered) return std::unexpected(std::move(rendered.error()));
  return sealed(std::move(*rendered), request.release, request.namespace_);
}

}  // namespace

std::expected<RenderedPtr, RenderError> render_manifest(const Chart& chart, const std::string& release,
                                                        const std::string& ns, const UserValues& config,
                                                        bool is_upgrade, const Cluster& cluster) {
  const RenderRequest request{release, ns, coalesced_values(chart, config), is_upgrade, &cluster};
  if (chart.guard) {
    if (std::optional<RenderError> refusal = chart.guard(request)) return std::unexpected(std::move(*refusal));
  }
  if (chart.identity == Hash128{}) return render_now(chart, request);
  static thread_local std::unordered_map<Hash128, Outcome, Hash128Hash> remembered;
  const Hash128 key =
      Hasher().add(chart.identity).add(std::string_view(release)).add(std::string_view(ns)).add(config.hash()).finish();
  if (const auto found = remembered.find(key); found != remembered.end()) return found->second;
  if (remembered.size() >= kRememberedManifests) remembered.clear();
  return remembered.emplace(key, render_now(chart, request)).first->second;
}

ObjectList install_order(const Rendered& manifest) {
  ObjectList objects;
  objects.reserve(manifest.objects.size());
  for (const Object& object : manifest.objects) objects.push_back(&object);
  return objects;
}

ObjectList uninstall_order(const Rendered& manifest) {
  ObjectList objects = install_order(manifest);
  sort_stably(objects,
              [](const Object* a, const Object* b) { return comes_before(kUninstallOrder, a->kind, b->kind); });
  return objects;
}

bool same_object(const Object& a, const Object& b) {
  return a.kind == b.kind && a.name == b.name && a.namespace_ == b.namespace_;
}

const Object* find_in(std::span<const Object* const> objects, const Object& wanted) {
  for (const Object* object : objects) {
    if (same_object(*object, wanted)) return object;
  }
  return nullptr;
}

bool is_kept(const Object& object) {
  const auto policy = object.annotations.find(kResourcePolicy);
  return policy != object.annotations.end() && policy->second == "keep";
}

}  // namespace barnacle
