#include "sim/helm/chart_guard.h"

#include <algorithm>
#include <string>

#include "sim/helm/chart_values.h"
#include "sim/helm/manifest.h"

namespace barnacle {
namespace {

using Refusal = std::optional<RenderError>;

// "kata-deploy-SUFFIX-cleanup" must be a label's value (the Job's name on its pods): at most 63 characters.
constexpr std::size_t kLongestSuffix = 43;

bool is_dns_label(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kLongestSuffix && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return alphanumeric(c) || c == '-'; });
}

Refusal refuse(std::string message) { return RenderError{std::move(message)}; }

Refusal refuse_suffix(const Values& values) {
  const std::string suffix = suffix_of(values);
  if (suffix.empty() || is_dns_label(suffix)) return std::nullopt;
  return refuse("env.multiInstallSuffix must be a DNS label of at most " + std::to_string(kLongestSuffix) +
                " characters, not \"" + suffix + "\"");
}

Refusal refuse_prefix(const Values& values) {
  const std::string prefix = text_at(values, {"env", "installationPrefix"});
  if (prefix.empty() || prefix.starts_with('/')) return std::nullopt;
  return refuse("env.installationPrefix must begin with \"/\", not \"" + prefix + "\"");
}

bool is_known(const ChartFacts& facts, const std::string& shim) {
  if (facts.known_shims.empty()) return find_shim(shim) != nullptr;
  return std::ranges::find(facts.known_shims, shim) != facts.known_shims.end();
}

Refusal refuse_shims(const ChartFacts& facts, const Values& values) {
  for (const std::string& shim : shims_of_any_arch(facts, values)) {
    if (!is_known(facts, shim)) return refuse("unknown shim \"" + shim + "\"");
  }
  // An enabled shim that runs nowhere would otherwise pass unseen.
  if (!facts.structured_values) return std::nullopt;
  for (const auto& [name, shim] : structured_shims(values)) {
    if (holds(value_at(shim, {"enabled"})) && !is_known(facts, name)) return refuse("unknown shim \"" + name + "\"");
  }
  return std::nullopt;
}

Refusal refuse_mapping(const ChartFacts& facts, const Values& values, const Arch& arch) {
  const Words shims = shims_of_arch(facts, values, arch);
  Words mapped;
  for (const std::string& word : snapshotter_mapping(facts, values, arch)) {
    const std::size_t colon = word.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == word.size()) {
      return refuse("snapshotter mapping \"" + word + "\" is not of the form shim:snapshotter");
    }
    std::string shim = word.substr(0, colon);
    if (std::ranges::find(shims, shim) == shims.end()) {
      return refuse("the snapshotter mapping names \"" + shim + "\", which is not enabled");
    }
    if (std::ranges::find(mapped, shim) != mapped.end()) {
      return refuse("the snapshotter mapping names \"" + shim + "\" twice");
    }
    mapped.push_back(std::move(shim));
  }
  return std::nullopt;
}

// A plain legacy mapping is meant for amd64's shims; elsewhere those that do not run there are left out by the logic.
Refusal refuse_mappings(const ChartFacts& facts, const Values& values) {
  const bool legacy = !text_at(values, {"env", "snapshotterHandlerMapping"}).empty();
  for (const Arch& arch : kArches) {
    if (Refusal refusal = refuse_mapping(facts, values, arch)) return refusal;
    if (legacy) break;
  }
  return std::nullopt;
}

const std::string* text_of(const Strings& strings, std::string_view key) {
  const auto found = strings.find(key);
  return found == strings.end() ? nullptr : &found->second;
}

bool belongs_to(const Object& object, const RenderRequest& request) {
  const std::string* release = text_of(object.annotations, kReleaseName);
  const std::string* ns = text_of(object.annotations, kReleaseNamespace);
  return release != nullptr && *release == request.release && ns != nullptr && *ns == request.namespace_;
}

// A variable of the first container of a DaemonSet; "" where it is not there.
std::string variable_of(const Object& daemon_set, std::string_view name) {
  const Values& containers = value_at(daemon_set.json(), {"spec", "template", "spec", "containers"});
  if (!containers.is_array() || containers.empty()) return {};
  for (const Values& variable : value_at(containers[0], {"env"})) {
    if (text_at(variable, {"name"}) == name) return text_at(variable, {"value"});
  }
  return {};
}

std::string live_value(const Object& object, std::string_view annotation, std::string_view variable) {
  const std::string* noted = text_of(object.annotations, annotation);
  return noted != nullptr ? *noted : variable_of(object, variable);
}

// Whether an object says where its release is installed.
bool tells(const Object& object) {
  return object.kind == Kind::daemon_set || object.annotations.contains(kSuffixAnnotation);
}

Refusal refuse_change(std::string_view value, const std::string& live, const std::string& wanted) {
  if (live == wanted) return std::nullopt;
  return refuse("env." + std::string(value) + " cannot be changed from \"" + live + "\" to \"" + wanted +
                "\": uninstall the release and install it anew");
}

}  // namespace

std::optional<RenderError> refuse_values(const ChartFacts& facts, const Values& values) {
  if (Refusal refusal = refuse_suffix(values)) return refusal;
  if (Refusal refusal = refuse_prefix(values)) return refusal;
  if (Refusal refusal = refuse_shims(facts, values)) return refusal;
  return refuse_mappings(facts, values);
}

std::optional<RenderError> refuse_moving(const RenderRequest& request) {
  if (request.lookup == nullptr || !request.is_upgrade) return std::nullopt;
  const std::string suffix = suffix_of(*request.values);
  const std::string prefix = text_at(*request.values, {"env", "installationPrefix"});
  for (const ObjectPtr& object : request.lookup->objects()) {
    if (object->deletion_time || !tells(*object) || !belongs_to(*object, request)) continue;
    if (Refusal refusal = refuse_change("multiInstallSuffix",
                                        live_value(*object, kSuffixAnnotation, "MULTI_INSTALL_SUFFIX"), suffix)) {
      return refusal;
    }
    if (Refusal refusal = refuse_change("installationPrefix",
                                        live_value(*object, kPrefixAnnotation, "INSTALLATION_PREFIX"), prefix)) {
      return refusal;
    }
  }
  return std::nullopt;
}

}  // namespace barnacle
