#include "sim/helm/chart.h"

#include <array>
#include <charconv>
#include <utility>

#include "sim/helm/chart_guard.h"
#include "sim/helm/chart_objects.h"
#include "sim/helm/chart_values.h"

namespace barnacle {
namespace {

constexpr std::array<std::string_view, 7> kTables{"image",          "env",         "shims",       "defaultShim",
                                                  "runtimeClasses", "snapshotter", "nodeSelector"};

// A table of the values that somebody replaced by something else makes the templates fail.
std::optional<RenderError> refuse_shapes(const Values& values) {
  for (const std::string_view name : kTables) {
    const Values& value = value_at(values, {name});
    if (!value.is_null() && !value.is_object())
      return RenderError{"the value " + std::string(name) + " must be a table"};
  }
  for (const auto& [name, shim] : structured_shims(values)) {
    if (!shim.is_object()) return RenderError{"the value shims." + name + " must be a table"};
  }
  return std::nullopt;
}

void note_place(const ChartContext& context, std::vector<Object>& objects) {
  for (Object& object : objects) {
    Strings& annotations = object.annotations.edit();
    annotations[std::string(kSuffixAnnotation)] = context.suffix;
    annotations[std::string(kPrefixAnnotation)] = text_at(context.values, {"env", "installationPrefix"});
  }
}

Hook post_delete(Object object, int weight) {
  object.annotations = {{"helm.sh/hook", "post-delete"},
                        {"helm.sh/hook-weight", std::to_string(weight)},
                        {"helm.sh/hook-delete-policy", "before-hook-creation,hook-succeeded"}};
  const HookPolicy policy{.before_hook_creation = true, .hook_succeeded = true, .hook_failed = false};
  return {{"post-delete"}, weight, policy, std::move(object)};
}

void add_hooks(const ChartContext& context, std::vector<Hook>& hooks) {
  const std::string account = context.named("kata-deploy-sa") + "-cleanup";
  const std::string role = context.named("kata-deploy-role") + "-cleanup";
  const std::string binding = context.named("kata-deploy-rb") + "-cleanup";
  hooks.push_back(post_delete(service_account(context, account), -3));
  hooks.push_back(post_delete(cluster_role(context, role, PodRole::cleanup), -2));
  hooks.push_back(post_delete(cluster_role_binding(context, binding, role, account), -1));
  hooks.push_back(post_delete(cleanup_job(context), 0));
}

std::expected<Rendered, RenderError> render(const ChartFacts& facts, const RoleBodies& roles,
                                            const RenderRequest& request) {
  const Values& values = *request.values;
  if (auto refusal = refuse_shapes(values)) return std::unexpected(std::move(*refusal));
  if (facts.guard_values) {
    if (auto refusal = refuse_values(facts, values)) return std::unexpected(std::move(*refusal));
  }
  const ChartContext context{
      facts, roles, values, request.namespace_, suffix_of(values), common_environment(facts, values)};
  const std::string account = context.named("kata-deploy-sa");
  const std::string role = context.named("kata-deploy-role");
  Rendered rendered;
  rendered.objects.push_back(service_account(context, account));
  rendered.objects.push_back(cluster_role(context, role, PodRole::install));
  rendered.objects.push_back(cluster_role_binding(context, context.named("kata-deploy-rb"), role, account));
  rendered.objects.push_back(daemon_set(context));
  add_runtime_classes(context, rendered.objects);
  if (facts.guard_values) note_place(context, rendered.objects);
  add_hooks(context, rendered.hooks);
  return rendered;
}

Hasher& add_words(Hasher& hasher, const Words& words) {
  hasher.add(static_cast<std::uint64_t>(words.size()));
  for (const std::string& word : words) hasher.add(std::string_view(word));
  return hasher;
}

Hash128 hash_of_facts(const ChartFacts& facts, const Values& defaults) {
  Hasher hasher;
  hasher.add(std::string_view(facts.version)).add(hash_of_values(defaults));
  for (const bool fact :
       {facts.structured_values, facts.create_runtime_classes, facts.chart_runtime_classes, facts.node_selector,
        facts.node_selector_on_job, facts.tolerations, facts.arch_environment, facts.snapshotter_environment,
        facts.may_list_daemon_sets, facts.feature_rules, facts.microk8s_directory, facts.default_snapshotters,
        facts.amd64_guest_pull_everywhere, facts.legacy_lists_reach_the_pod, facts.cleanup_knows_prefix,
        facts.clean_every_node, facts.guard_values}) {
    hasher.add(static_cast<std::uint64_t>(fact ? 1 : 0));
  }
  hasher.add(std::string_view(facts.k0s_directory)).add(std::string_view(facts.gpu_tee_memory));
  return add_words(add_words(hasher, facts.shims), facts.known_shims).finish();
}

// The middle number of "3.16.0".
int minor_version(std::string_view version) {
  const std::size_t dot = version.find('.');
  int minor = 0;
  if (dot != std::string_view::npos) std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  return minor;
}

}  // namespace

std::vector<std::string> upstream_shims(std::string_view version) {
  const int minor = minor_version(version);
  Words shims{"clh", "cloud-hypervisor", "dragonball", "fc", "qemu", "qemu-coco-dev", "qemu-runtime-rs"};
  if (minor >= 15) shims.emplace_back("qemu-se-runtime-rs");
  if (minor < 19) shims.emplace_back("qemu-sev");
  for (const char* shim :
       {"qemu-snp", "qemu-tdx", "stratovirt", "qemu-nvidia-gpu", "qemu-nvidia-gpu-snp", "qemu-nvidia-gpu-tdx"}) {
    shims.emplace_back(shim);
  }
  if (minor >= 22) shims.emplace_back("qemu-cca");
  return shims;
}

ChartPtr make_kata_chart(const ChartFacts& facts) {
  auto chart = std::make_shared<Chart>();
  chart->name = "kata-deploy";
  chart->version = facts.version;
  chart->defaults = std::make_shared<const Values>(chart_defaults(facts));
  chart->identity = hash_of_facts(facts, *chart->defaults);
  chart->render = [facts, roles = RoleBodies(facts)](const RenderRequest& request) {
    return render(facts, roles, request);
  };
  if (facts.guard_values) chart->guard = refuse_moving;
  return chart;
}

}  // namespace barnacle
