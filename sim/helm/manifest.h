// A rendered chart as Helm keeps it: sorted, with its ownership metadata, hashed, shared.
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/helm/helm.h"

namespace barnacle {

using RenderedPtr = std::shared_ptr<const Rendered>;

inline constexpr std::string_view kManagedBy = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kReleaseName = "meta.helm.sh/release-name";
inline constexpr std::string_view kReleaseNamespace = "meta.helm.sh/release-namespace";
inline constexpr std::string_view kResourcePolicy = "helm.sh/resource-policy";

// Renders, sorts by kind in Helm's order of installing, puts Helm's label and annotations on plain objects (hooks get
// none), and remembers the result where the chart has an identity.
std::expected<RenderedPtr, RenderError> render_manifest(const Chart& chart, const std::string& release,
                                                        const std::string& ns, const UserValues& config,
                                                        bool is_upgrade, const Cluster& cluster);

// The plain objects, as the client walks through them.
using ObjectList = std::vector<const Object*>;
ObjectList install_order(const Rendered& manifest);
ObjectList uninstall_order(const Rendered& manifest);

// The same kind, namespace and name.
bool same_object(const Object& a, const Object& b);
const Object* find_in(std::span<const Object* const> objects, const Object& wanted);

// Keeps an object of this policy out of every deletion.
bool is_kept(const Object& object);

}  // namespace barnacle
