#include "sim/helm/chart.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/helm/chart_shims.h"
#include "sim/helm/chart_values.h"
#include "sim/helm/test_charts.h"
#include "sim/helm/values.h"

namespace barnacle {
namespace {

std::expected<Rendered, RenderError> render(const ChartFacts& facts, const Values& config) {
  const ChartPtr chart = make_kata_chart(facts);
  return chart->render({"kata-deploy", "kube-system", coalesced_values(*chart, config), false, nullptr});
}

std::string refusal_of(const ChartFacts& facts, const Values& config) {
  const auto rendered = render(facts, config);
  return rendered ? "" : rendered.error().message;
}

Strings environment_in(const Values& pod) {
  Strings env;
  for (const Values& variable : pod["containers"][0]["env"]) env[variable["name"]] = text_at(variable, {"value"});
  return env;
}

const Object& object_of(const Rendered& rendered, Kind kind) {
  return *std::ranges::find(rendered.objects, kind, &Object::kind);
}

const Values& install_pod(const Rendered& rendered) {
  return value_at(object_of(rendered, Kind::daemon_set).json(), {"spec", "template", "spec"});
}
const Values& cleanup_pod(const Rendered& rendered) {
  return value_at(rendered.hooks.back().object.json(), {"spec", "template", "spec"});
}

Words names_of(const Rendered& rendered, Kind kind) {
  Words names;
  for (const Object& object : rendered.objects) {
    if (object.kind == kind) names.push_back(object.name);
  }
  return names;
}

TEST(KataChart, NamesCarryTheSuffixAndNeverTheReleaseName) {
  const Rendered rendered = *render(facts_3_16(), {{"env", {{"multiInstallSuffix", "cicd"}}}});
  EXPECT_EQ(names_of(rendered, Kind::service_account), Words{"kata-deploy-sa-cicd"});
  EXPECT_EQ(names_of(rendered, Kind::cluster_role), Words{"kata-deploy-role-cicd"});
  EXPECT_EQ(names_of(rendered, Kind::cluster_role_binding), Words{"kata-deploy-rb-cicd"});
  EXPECT_EQ(names_of(rendered, Kind::daemon_set), Words{"kata-deploy-cicd"});
  Words hooks;
  for (const Hook& hook : rendered.hooks) hooks.push_back(hook.object.name);
  EXPECT_EQ(hooks, (Words{"kata-deploy-sa-cicd-cleanup", "kata-deploy-role-cicd-cleanup", "kata-deploy-rb-cicd-cleanup",
                          "kata-deploy-cicd-cleanup"}));
  EXPECT_EQ(rendered.hooks.front().weight, -3);
  EXPECT_EQ(rendered.hooks.back().weight, 0);
  EXPECT_EQ(rendered.hooks.back().object.kind, Kind::job);
}

TEST(KataChart, TheLegacyEnvironmentIsSetWholeEvenWhereItIsEmpty) {
  const Rendered rendered = *render(facts_3_16(), {{"env", {{"shims", "qemu"}, {"debug", true}}}});
  const Strings env = environment_in(install_pod(rendered));
  EXPECT_EQ(env.at("SHIMS"), "qemu");
  EXPECT_EQ(env.at("DEBUG"), "true");
  EXPECT_EQ(env.at("AGENT_HTTPS_PROXY"), "");
  EXPECT_EQ(env.at("CREATE_RUNTIMECLASSES"), "true");
  EXPECT_FALSE(env.contains("SHIMS_X86_64"));
  EXPECT_FALSE(env.contains("EXPERIMENTAL_SETUP_SNAPSHOTTER"));
  EXPECT_FALSE(env.contains("HELM_POST_DELETE_HOOK"));
  Strings cleanup = environment_in(cleanup_pod(rendered));
  EXPECT_EQ(cleanup.extract("HELM_POST_DELETE_HOOK").mapped(), "true");
  EXPECT_EQ(cleanup, env);
}

TEST(KataChart, Version322AsksByArchitecture) {
  ChartFacts facts = facts_3_16();
  facts.arch_environment = facts.snapshotter_environment = true;
  const Strings env = environment_in(install_pod(*render(facts, {{"env", {{"shims_x86_64", "clh"}}}})));
  EXPECT_EQ(env.at("SHIMS_X86_64"), "clh");
  EXPECT_EQ(env.at("SHIMS_S390X"), "");
  EXPECT_EQ(env.at("EXPERIMENTAL_SETUP_SNAPSHOTTER"), "");
  EXPECT_FALSE(env.contains("SNAPSHOTTER_HANDLER_MAPPING_X86_64"));
}

TEST(KataChart, DefaultListsOfShimsByVersion) {
  const auto has = [](std::string_view version, std::string_view shim) {
    const Words shims = upstream_shims(version);
    return std::ranges::find(shims, shim) != shims.end();
  };
  EXPECT_FALSE(has("3.14.0", "qemu-se-runtime-rs"));
  EXPECT_TRUE(has("3.15.0", "qemu-se-runtime-rs"));
  EXPECT_TRUE(has("3.18.0", "qemu-sev"));
  EXPECT_FALSE(has("3.19.0", "qemu-sev"));
  EXPECT_FALSE(has("3.21.0", "qemu-cca"));
  EXPECT_TRUE(has("3.22.0", "qemu-cca"));
  EXPECT_EQ(upstream_shims("3.16.0").size(), 15U);
}

TEST(KataChart, StructuredValuesBecomeListsByArchitecture) {
  const Strings env = environment_in(install_pod(*render(ChartFacts{}, Values::object())));
  EXPECT_EQ(env.at("SHIMS_X86_64"),
            "clh cloud-hypervisor dragonball fc qemu qemu-coco-dev qemu-coco-dev-runtime-rs qemu-nvidia-gpu "
            "qemu-nvidia-gpu-snp qemu-nvidia-gpu-tdx qemu-runtime-rs qemu-snp qemu-tdx");
  EXPECT_EQ(env.at("SHIMS_PPC64LE"), "qemu");
  EXPECT_EQ(env.at("SNAPSHOTTER_HANDLER_MAPPING_AARCH64"), "fc:devmapper,qemu-cca:nydus");
  EXPECT_EQ(env.at("PULL_TYPE_MAPPING_AARCH64"), "qemu-cca:guest-pull");
  EXPECT_EQ(env.at("EXPERIMENTAL_FORCE_GUEST_PULL_X86_64"), "qemu-nvidia-gpu-snp,qemu-nvidia-gpu-tdx");
  EXPECT_EQ(env.at("DEFAULT_SHIM_S390X"), "qemu");
  EXPECT_EQ(env.at("DEBUG"), "false");
  EXPECT_FALSE(env.contains("SHIMS"));
  EXPECT_FALSE(env.contains("AGENT_HTTPS_PROXY"));
  EXPECT_EQ(names_of(*render(ChartFacts{}, Values::object()), Kind::runtime_class).size(), 16U);
}

TEST(KataChart, ProxiesAndAnnotationsAreNamedByShim) {
  const Values agent = {{"httpsProxy", "http://proxy.example:3128"}, {"noProxy", "10.0.0.0/8"}};
  const Values config = {
      {"debug", true},
      {"shims",
       {{"qemu-snp", {{"agent", agent}, {"allowedHypervisorAnnotations", {"default_vcpus", "machine_type"}}}},
        {"qemu-tdx", {{"enabled", false}, {"agent", agent}}}}}};
  const Strings env = environment_in(install_pod(*render(ChartFacts{}, config)));
  EXPECT_EQ(env.at("AGENT_HTTPS_PROXY"), "qemu-snp=http://proxy.example:3128");
  EXPECT_EQ(env.at("AGENT_NO_PROXY"), "qemu-snp=10.0.0.0/8");
  EXPECT_EQ(env.at("ALLOWED_HYPERVISOR_ANNOTATIONS_X86_64"), "qemu-snp:default_vcpus,machine_type");
  EXPECT_FALSE(env.contains("ALLOWED_HYPERVISOR_ANNOTATIONS_S390X"));
  EXPECT_EQ(env.at("DEBUG"), "true");
}

// Z91: RuntimeClasses without handlers.
TEST(KataChart, In324TheLegacyListMakesRuntimeClassesButDoesNotReachThePod) {
  const Values config = {{"env", {{"shims", "qemu clh"}}}};
  const Rendered upstream = *render(ChartFacts{}, config);
  EXPECT_EQ(names_of(upstream, Kind::runtime_class), (Words{"kata-qemu", "kata-clh"}));
  EXPECT_TRUE(environment_in(install_pod(upstream)).at("SHIMS_X86_64").starts_with("clh cloud-hypervisor dragonball"));

  const Rendered reference = *render(reference_facts(), config);
  EXPECT_EQ(names_of(reference, Kind::runtime_class), (Words{"kata-qemu", "kata-clh"}));
  EXPECT_EQ(environment_in(install_pod(reference)).at("SHIMS_X86_64"), "qemu clh");
}

// Z91, the other half: the DaemonSet's lists of other architectures carry amd64's, the Job's do not.
TEST(KataChart, In324ForcedGuestPullOfAmd64IsGivenToAllArchitectures) {
  const Values config = {{"shims", {{"qemu-cca", {{"enabled", true}, {"containerd", {{"forceGuestPull", true}}}}}}}};
  const std::string name = "EXPERIMENTAL_FORCE_GUEST_PULL_AARCH64";
  const Rendered upstream = *render(ChartFacts{}, config);
  EXPECT_EQ(environment_in(install_pod(upstream)).at(name), "qemu-nvidia-gpu-snp,qemu-nvidia-gpu-tdx");
  EXPECT_EQ(environment_in(cleanup_pod(upstream)).at(name), "qemu-cca");
  EXPECT_EQ(environment_in(install_pod(*render(reference_facts(), config))).at(name), "qemu-cca");
}

TEST(KataChart, DefaultRuntimeClassOnlyWithoutSuffix) {
  Values config = {{"env", {{"shims", "qemu"}}}, {"runtimeClasses", {{"createDefault", true}}}};
  EXPECT_EQ(names_of(*render(ChartFacts{}, config), Kind::runtime_class), (Words{"kata-qemu", "kata"}));
  config["env"]["multiInstallSuffix"] = "cicd";
  const Rendered suffixed = *render(ChartFacts{}, config);
  EXPECT_EQ(names_of(suffixed, Kind::runtime_class), Words{"kata-qemu-cicd"});
  EXPECT_EQ(object_of(suffixed, Kind::runtime_class).json()["handler"], "kata-qemu-cicd");
}

// Z58
TEST(KataChart, TheCleanupJobOf322IgnoresTheNodeSelector) {
  ChartFacts facts = facts_3_16();
  facts.node_selector = true;
  const Values config = {{"nodeSelector", {{"pool", "kata"}}}};
  const Rendered rendered = *render(facts, config);
  EXPECT_EQ(install_pod(rendered)["nodeSelector"]["pool"], "kata");
  EXPECT_FALSE(cleanup_pod(rendered).contains("nodeSelector"));
  facts.node_selector_on_job = true;
  EXPECT_EQ(cleanup_pod(*render(facts, config))["nodeSelector"]["pool"], "kata");
  EXPECT_FALSE(install_pod(*render(facts_3_16(), config)).contains("nodeSelector"));
}

TEST(KataChart, TheReferenceCleansEveryNodeWhateverItsTaints) {
  const Rendered rendered = *render(reference_facts(), Values::object());
  EXPECT_EQ(rendered.hooks.back().object.json()["spec"]["onePodPerNode"], true);
  EXPECT_EQ(cleanup_pod(rendered)["tolerations"], Values::array({Values{{"operator", "Exists"}}}));
  EXPECT_FALSE(render(ChartFacts{}, Values::object())->hooks.back().object.json()["spec"].contains("onePodPerNode"));
}

TEST(KataChart, RolesByVersion) {
  const auto rule_for = [](const Object& role, std::string_view resource) -> Values {
    for (const Values& rule : role.json()["rules"]) {
      if (rule["resources"][0] == resource) return rule["verbs"];
    }
    return nullptr;
  };
  const Rendered old = *render(facts_3_16(), Values::object());
  EXPECT_EQ(rule_for(object_of(old, Kind::cluster_role), "nodes"), Values({"get", "patch"}));
  EXPECT_TRUE(rule_for(object_of(old, Kind::cluster_role), "daemonsets").is_null());  // Z59
  EXPECT_EQ(rule_for(old.hooks[1].object, "daemonsets"), Values::array({"list"}));
  const Rendered newer = *render(ChartFacts{}, Values::object());
  EXPECT_EQ(rule_for(object_of(newer, Kind::cluster_role), "daemonsets"), Values({"get", "list", "watch"}));
  EXPECT_EQ(rule_for(object_of(newer, Kind::cluster_role), "nodefeaturerules")[0], "create");
  EXPECT_EQ(rule_for(newer.hooks[1].object, "nodefeaturerules")[0], "delete");
}

TEST(KataChart, ContainerdsDirectoryByDistribution) {
  const auto directory = [](const ChartFacts& facts, const char* distribution) -> std::string {
    return install_pod(*render(facts, {{"k8sDistribution", distribution}}))["volumes"][1]["hostPath"]["path"];
  };
  ChartFacts facts_3_14 = facts_3_16();
  facts_3_14.k0s_directory = "/etc/k0s/containerd.d/";
  facts_3_14.microk8s_directory = false;
  EXPECT_EQ(directory(facts_3_14, "k0s"), "/etc/k0s/containerd.d/");
  EXPECT_EQ(directory(facts_3_16(), "k0s"), "/etc/k0s/");
  EXPECT_EQ(directory(facts_3_14, "microk8s"), "/etc/containerd/");
  EXPECT_EQ(directory(facts_3_16(), "microk8s"), "/var/snap/microk8s/current/args/");
  EXPECT_EQ(directory(facts_3_16(), "rke2"), "/var/lib/rancher/rke2/agent/etc/containerd/");
  EXPECT_EQ(directory(facts_3_16(), "k8s"), "/etc/containerd/");
}

TEST(KataChart, TheReferenceRefusesWhatEveryNodeWouldRefuse) {
  const auto with_env = [](const char* name, const char* value) {
    return refusal_of(reference_facts(), {{"env", {{name, value}}}});
  };
  EXPECT_EQ(with_env("installationPrefix", "foo"), "env.installationPrefix must begin with \"/\", not \"foo\"");
  EXPECT_EQ(with_env("shims", "qemu qemuu"), "unknown shim \"qemuu\"");
  EXPECT_EQ(with_env("snapshotterHandlerMapping", "clh:nydus"),
            "the snapshotter mapping names \"clh\", which is not enabled");
  EXPECT_EQ(with_env("snapshotterHandlerMapping", "qemu:nydus,qemu:erofs"),
            "the snapshotter mapping names \"qemu\" twice");
  EXPECT_NE(with_env("multiInstallSuffix", "CICD").find("DNS label"), std::string::npos);
  EXPECT_NE(with_env("multiInstallSuffix", "-a").find("DNS label"), std::string::npos);
  EXPECT_EQ(with_env("multiInstallSuffix", "cicd"), "");
  EXPECT_EQ(with_env("installationPrefix", "/foo"), "");
  EXPECT_EQ(with_env("snapshotterHandlerMapping", "qemu:nydus"), "");
  EXPECT_EQ(refusal_of(ChartFacts{}, {{"env", {{"installationPrefix", "foo"}}}}), "")
      << "upstream refuses on the nodes only";
}

TEST(KataChart, ATableReplacedByTextFailsToRender) {
  EXPECT_EQ(refusal_of(facts_3_16(), {{"env", "qemu"}}), "the value env must be a table");
  EXPECT_EQ(refusal_of(ChartFacts{}, {{"shims", {{"qemu", true}}}}), "the value shims.qemu must be a table");
}

TEST(KataChart, ChartsThatDifferInOneFactHaveDifferentIdentities) {
  ChartFacts other = facts_3_16();
  EXPECT_EQ(make_kata_chart(other)->identity, make_kata_chart(facts_3_16())->identity);
  other.clean_every_node = true;
  EXPECT_NE(make_kata_chart(other)->identity, make_kata_chart(facts_3_16())->identity);
}

}  // namespace
}  // namespace barnacle
