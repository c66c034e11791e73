// The generator: what a campaign really plays, counted.
#include "harness/scenario/generator.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <set>

#include "harness/scenario/scenario_toml.h"
#include "harness/scenario/steps.h"

namespace barnacle {
namespace {

constexpr std::uint64_t kScenarios = 2000;
constexpr std::string_view kVersion3 =
    "version = 3\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n"
    "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n";
constexpr std::string_view kVersion2 =
    "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n";

RuntimeVersion containerd(int major, int minor, int patch) { return {RuntimeFamily::containerd, major, minor, patch}; }

// The kinds of node a campaign has, as describe_host sees them.
Alphabet campaign_alphabet() {
  constexpr std::string_view kFile = "/etc/containerd/config.toml";
  Alphabet alphabet;
  alphabet.hosts = {
      describe_host("ubuntu-24.04-containerd-2.0", containerd(2, 0, 4), std::string(kFile), kVersion3),
      describe_host("ubuntu-24.04-containerd-2.0-no-imports", containerd(2, 0, 4), std::string(kFile), "version = 3\n"),
      describe_host("ubuntu-24.04-containerd-2.0-version-2", containerd(2, 0, 4), std::string(kFile), kVersion2),
      describe_host("ubuntu-24.04-containerd-2.0-absent", containerd(2, 0, 4), std::string(kFile), std::nullopt),
      describe_host("ubuntu-24.04-containerd-1.7", containerd(1, 7, 27), std::string(kFile), kVersion2),
      describe_host("ubuntu-24.04-crio-1.32", {RuntimeFamily::crio, 1, 32, 1}, "/etc/crio/crio.conf", std::nullopt),
  };
  alphabet.versions = {"3.17.0", "3.24.0"};
  return alphabet;
}

std::vector<Scenario> draw_many(const Alphabet& alphabet) {
  std::vector<Scenario> scenarios;
  for (std::uint64_t seed = 0; seed < kScenarios; ++seed) {
    SeededChoices choices(seed_of_sequence(1, seed));
    scenarios.push_back(generate(choices, alphabet));
  }
  return scenarios;
}

const std::vector<Scenario>& campaign() {
  static const std::vector<Scenario> scenarios = draw_many(campaign_alphabet());
  return scenarios;
}

std::string env_of(const Step& step, const char* key) {
  if (!step.values || !step.values->contains("env")) return {};
  return (*step.values)["env"].value(key, std::string());
}

double share(std::size_t part, std::size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

TEST(Generator, EveryKindOfStepIsAtLeastTwoPercent) {
  std::map<StepKind, std::size_t> seen;
  std::size_t steps = 0;
  for (const Scenario& scenario : campaign()) {
    steps += scenario.steps.size();
    for (const Step& step : scenario.steps) ++seen[step.kind];
  }
  EXPECT_GE(share(steps, kScenarios), 9.0) << "mean length";
  for (const StepRow& row : step_rows()) EXPECT_GE(share(seen[row.kind], steps), 0.025) << row.name;
}

TEST(Generator, ScenariosAreOfTheSizesAskedFor) {
  std::array<std::size_t, 4> nodes{};
  std::set<std::size_t> lengths;
  for (const Scenario& scenario : campaign()) {
    ASSERT_GE(scenario.nodes.size(), 1U);
    ASSERT_LE(scenario.nodes.size(), 3U);
    ++nodes[scenario.nodes.size()];
    ASSERT_GE(scenario.steps.size(), 4U);
    ASSERT_LE(scenario.steps.size(), 24U);
    lengths.insert(scenario.steps.size());
  }
  for (std::size_t count = 1; count <= 3; ++count) EXPECT_GT(share(nodes[count], kScenarios), 0.2) << count << " nodes";
  EXPECT_GE(lengths.size(), 18U);
}

// Plays a scenario's Helm and node steps by the book, without the generator's own model.
struct Book {
  std::map<std::string, std::string> live;  // release → suffix
  std::map<std::string, int> revisions;
  std::set<std::string> nodes;
  std::set<std::string> cordoned;
  std::set<std::string> once_there;

  bool collides(const std::string& release, const std::string& suffix) const {
    for (const auto& [other, its_suffix] : live) {
      if (other != release && its_suffix == suffix) return true;
    }
    return false;
  }
};

// Why a step makes no sense, or nothing.
std::string objection(Book& book, const Step& step) {
  switch (step.kind) {
    case StepKind::install:
      if (book.live.contains(step.release)) return "installs what is installed";
      if (book.collides(step.release, env_of(step, "multiInstallSuffix"))) return {};
      book.live[step.release] = env_of(step, "multiInstallSuffix");
      book.revisions[step.release] = step.options.replace ? book.revisions[step.release] + 1 : 1;
      return {};
    case StepKind::upgrade:
      if (step.options.install) {
        if (book.collides(step.release, env_of(step, "multiInstallSuffix"))) return {};
        book.live[step.release] = env_of(step, "multiInstallSuffix");
      }
      if (!book.live.contains(step.release)) return "upgrades what is not installed";
      ++book.revisions[step.release];
      return {};
    case StepKind::rollback:
      if (!book.live.contains(step.release)) return "rolls back what is not installed";
      if (book.revisions[step.release] < 2) return "rolls back without a past";
      if (step.revision > book.revisions[step.release]) return "rolls back to the future";
      ++book.revisions[step.release];
      return {};
    case StepKind::uninstall: return book.live.erase(step.release) == 0 ? "uninstalls what is not installed" : "";
    case StepKind::restart_pod: return book.live.contains(step.release) ? "" : "restarts the pod of no release";
    case StepKind::cordon_node:
      if (step.uncordon != book.cordoned.contains(step.node)) return "cordons twice, or opens an open node";
      step.uncordon ? void(book.cordoned.erase(step.node)) : void(book.cordoned.insert(step.node));
      return {};
    case StepKind::add_node:
      if (!book.once_there.insert(step.node).second) return "gives a node's name away again";
      book.nodes.insert(step.node);
      return {};
    case StepKind::remove_node:
      book.nodes.erase(step.node);
      book.cordoned.erase(step.node);
      return book.nodes.empty() ? "removes the last node" : "";
    default: return !step.node.empty() && !book.nodes.contains(step.node) ? "speaks of a node that is not there" : "";
  }
}

TEST(Generator, StepsMakeSenseWhereTheyStand) {
  for (const Scenario& scenario : campaign()) {
    Book book;
    for (const NodeSpec& node : scenario.nodes) {
      book.nodes.insert(node.name);
      book.once_there.insert(node.name);
    }
    for (const Step& step : scenario.steps) {
      ASSERT_EQ(objection(book, step), "") << step_name(step.kind) << " in\n" << write_scenario(scenario);
    }
  }
}

TEST(Generator, RefusalsStayRare) {
  std::size_t installs = 0, colliding_installs = 0, moves = 0, upgrades = 0, refused_by_nodes = 0;
  for (const Scenario& scenario : campaign()) {
    Book book;
    std::map<std::string, bool> takes_suffix;  // by node
    const Alphabet alphabet = campaign_alphabet();
    const auto learn = [&](const std::string& node, const std::string& host) {
      for (const HostChoice& kind : alphabet.hosts) {
        if (kind.name == host) takes_suffix[node] = kind.takes_suffix;
      }
    };
    for (const NodeSpec& node : scenario.nodes) learn(node.name, node.host);
    bool refused = false;
    for (const Step& step : scenario.steps) {
      if (step.kind == StepKind::add_node) learn(step.node, step.host);
      if (step.kind == StepKind::remove_node) takes_suffix.erase(step.node);
      if (step.kind == StepKind::change_runtime) takes_suffix[step.node] = !step.runtime.starts_with("containerd://1");
      if (step.kind == StepKind::install) {
        ++installs;
        colliding_installs += book.collides(step.release, env_of(step, "multiInstallSuffix")) ? 1 : 0;
      }
      if (step.kind == StepKind::upgrade) {
        ++upgrades;
        moves += env_of(step, "multiInstallSuffix") == "moved" ? 1 : 0;
      }
      (void)objection(book, step);
      for (const auto& [release, suffix] : book.live) {
        for (const auto& [node, takes] : takes_suffix) refused = refused || (!suffix.empty() && !takes);
      }
    }
    refused_by_nodes += refused ? 1 : 0;
  }
  EXPECT_LE(share(colliding_installs, installs), 0.05);
  EXPECT_GT(colliding_installs, 0U) << "Helm's refusal is never met";
  EXPECT_LE(share(moves, upgrades), 0.03);
  EXPECT_GT(moves, 0U) << "the guard is never met";
  EXPECT_LE(share(refused_by_nodes, kScenarios), 0.15);
  EXPECT_GT(refused_by_nodes, 0U) << "a refusing node is never met";
}

// A scenario reaches much only if releases live beside one another and settings vary.
TEST(Generator, TheAlphabetIsUsedUp) {
  std::set<std::string> suffixes, prefixes, namespaces, shims, hosts, versions, drop_ins;
  std::size_t several = 0, debug = 0, proxies = 0, annotations = 0, mappings = 0, settings = 0, ends_clean = 0;
  for (const Scenario& scenario : campaign()) {
    Book book;
    bool beside = false;
    for (const NodeSpec& node : scenario.nodes) hosts.insert(node.host);
    for (const Step& step : scenario.steps) {
      (void)objection(book, step);
      beside = beside || book.live.size() > 1;
      if (step.kind == StepKind::edit_host) drop_ins.insert(step.host_edit.path);
      if (step.kind != StepKind::install && step.kind != StepKind::upgrade) continue;
      ++settings;
      suffixes.insert(env_of(step, "multiInstallSuffix"));
      prefixes.insert(env_of(step, "installationPrefix"));
      namespaces.insert(step.namespace_);
      shims.insert(env_of(step, "shims"));
      versions.insert(step.version);
      debug += env_of(step, "debug") == "true" ? 1 : 0;
      proxies += env_of(step, "agentHttpsProxy").empty() ? 0 : 1;
      annotations += env_of(step, "allowedHypervisorAnnotations").empty() ? 0 : 1;
      mappings += env_of(step, "snapshotterHandlerMapping").empty() ? 0 : 1;
    }
    several += beside ? 1 : 0;
    ends_clean += book.live.empty() ? 1 : 0;
  }
  const Alphabet alphabet = campaign_alphabet();
  for (const std::string& suffix : alphabet.suffixes) EXPECT_TRUE(suffixes.contains(suffix)) << suffix;
  for (const std::string& prefix : alphabet.prefixes) EXPECT_TRUE(prefixes.contains(prefix)) << prefix;
  EXPECT_EQ(namespaces.size(), 2U);
  EXPECT_EQ(hosts.size(), alphabet.hosts.size());
  EXPECT_EQ(versions.size(), 3U);
  EXPECT_GT(shims.size(), 50U);
  EXPECT_GT(share(several, kScenarios), 0.25) << "releases beside one another";
  EXPECT_GT(share(ends_clean, kScenarios), 0.3) << "what is left at the end is seen";
  EXPECT_GT(share(debug, settings), 0.25);
  EXPECT_GT(share(proxies, settings), 0.05);
  EXPECT_GT(share(annotations, settings), 0.05);
  EXPECT_GT(share(mappings, settings), 0.01);
  EXPECT_LT(share(mappings, settings), 0.1);
  for (const char* path : {"/opt/operator/tool", "/etc/containerd/config.toml",
                           "/etc/containerd/conf.d/50-operator.toml", "/etc/crio/crio.conf.d/10-operator.conf"}) {
    EXPECT_TRUE(drop_ins.contains(path)) << path;
  }
}

TEST(Generator, ASnapshotterIsMappedToAnEnabledShimOnly) {
  for (const Scenario& scenario : campaign()) {
    for (const Step& step : scenario.steps) {
      const std::string mapping = env_of(step, "snapshotterHandlerMapping");
      if (mapping.empty() || env_of(step, "shims").empty()) continue;
      const std::string shim = mapping.substr(0, mapping.find(':'));
      ASSERT_TRUE((" " + env_of(step, "shims") + " ").contains(" " + shim + " "))
          << mapping << " with " << env_of(step, "shims");
    }
  }
}

// containerd 1.7 refuses version 3: such a host would never come back.
TEST(Generator, ARuntimeThatCannotReadTheConfigurationIsNotBroughtIn) {
  std::size_t changes = 0;
  for (const Scenario& scenario : campaign()) {
    std::map<std::string, std::string> hosts;
    for (const NodeSpec& node : scenario.nodes) hosts[node.name] = node.host;
    for (const Step& step : scenario.steps) {
      if (step.kind == StepKind::add_node) hosts[step.node] = step.host;
      if (step.kind != StepKind::change_runtime) continue;
      ++changes;
      const std::string& host = hosts[step.node];
      EXPECT_TRUE(host.ends_with("version-2") || host.ends_with("absent") || host.ends_with("1.7")) << host;
    }
  }
  EXPECT_GT(changes, 100U);
}

TEST(Generator, FaultsAreDrawnOnlyWhenAskedFor) {
  for (const Scenario& scenario : campaign()) {
    for (const Step& step : scenario.steps) {
      ASSERT_TRUE(step.faults.empty());
      ASSERT_FALSE(step.options.kill_after_requests);
    }
  }
  Alphabet alphabet = campaign_alphabet();
  alphabet.faults = true;
  std::set<std::string> programs, kinds;
  std::size_t killed = 0;
  for (const Scenario& scenario : draw_many(alphabet)) {
    for (const Step& step : scenario.steps) {
      killed += step.options.kill_after_requests ? 1 : 0;
      for (const Fault& fault : step.faults) {
        programs.insert(fault.program);
        kinds.insert(std::string(fault_name(fault.kind)));
      }
    }
  }
  EXPECT_EQ(programs.size(), 2U);
  EXPECT_EQ(kinds.size(), fault_rows().size());
  EXPECT_GT(killed, 100U);
}

TEST(Generator, NoBytesGiveTheSmallestScenario) {
  BytesChoices nothing({});
  const Scenario scenario = generate(nothing, campaign_alphabet());
  EXPECT_EQ(scenario.nodes.size(), 1U);
  ASSERT_EQ(scenario.steps.size(), 4U);
  EXPECT_EQ(scenario.steps[0].kind, StepKind::install);
  EXPECT_EQ(*scenario.steps[0].values, Values({{"env", {{"shims", "qemu"}}}}));
}

RC_GTEST_PROP(GeneratorLaw, EveryTapeIsAScenarioThatAFileCanHold,
              (const std::vector<std::uint8_t>& bytes, bool faults)) {
  static const Alphabet kAlphabet = campaign_alphabet();
  Alphabet alphabet = kAlphabet;
  alphabet.faults = faults;
  BytesChoices choices(bytes);
  const Scenario scenario = generate(choices, alphabet);
  const auto read = parse_scenario(write_scenario(scenario), "generated.toml");
  if (!read) RC_FAIL(read.error().text());
  RC_ASSERT(*read == scenario);
}

RC_GTEST_PROP(GeneratorLaw, TheSameSeedGivesTheSameScenario, (std::uint64_t seed)) {
  static const Alphabet kAlphabet = campaign_alphabet();
  SeededChoices first(seed), second(seed);
  RecordingChoices recording(second);
  const Scenario scenario = generate(first, kAlphabet);
  RC_ASSERT(generate(recording, kAlphabet) == scenario);
  const std::vector<std::uint8_t> bytes = bytes_of(recording.tape());
  BytesChoices from_bytes(bytes);
  RC_ASSERT(generate(from_bytes, kAlphabet) == scenario);
}

}  // namespace
}  // namespace barnacle
