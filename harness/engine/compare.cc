#include "harness/engine/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "harness/engine/text_difference.h"
#include "sim/cluster/access.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

// What is compared of a world but for its hosts: a value by name.
using Facts = std::map<std::string, std::string>;

std::string joined(const Strings& strings) {
  std::string text;
  for (const auto& [key, value] : strings) text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, value);
  return text;
}

std::string phase_name(const Object& pod) {
  const auto& status = std::get<PodStatus>(pod.status);
  switch (status.phase) {
    case PodPhase::succeeded: return "succeeded";
    case PodPhase::failed: return "failed";
    default: return status.settled ? "settled" : "at work";
  }
}

// Of a pod its owner and node name it, because its own name is drawn.
void add_pod(Facts& facts, const Object& pod) {
  const std::string owner = pod.owners.empty() ? pod.name : pod.owners.front().name;
  std::string& pods =
      facts[fmt::format("pods of {}/{} on {}", pod.namespace_, owner, std::get<PodStatus>(pod.status).node)];
  pods += (pods.empty() ? "" : ", ") + phase_name(pod);
}

std::string what_matters(const Cluster& cluster, const Object& object) {
  switch (object.kind) {
    case Kind::node: return joined(object.labels);
    case Kind::runtime_class: return object.json().value("handler", "");
    case Kind::job: return job_status(object).condition;
    case Kind::daemon_set: {
      const PodSpec* spec = pod_spec_of(object);
      return spec == nullptr ? "" : joined(spec->env);
    }
    case Kind::secret:
      for (const RevisionPtr& revision : stored_revisions(cluster)) {
        const std::string name = fmt::format("sh.helm.release.v1.{}.v{}", revision->release, revision->number);
        if (name == object.name && revision->namespace_ == object.namespace_)
          return std::string(status_name(revision->status));
      }
      return "";
    default: return "";
  }
}

Facts objects_of(const Cluster& cluster) {
  static constexpr Kind kCompared[] = {Kind::node,
                                       Kind::pod,
                                       Kind::daemon_set,
                                       Kind::job,
                                       Kind::service_account,
                                       Kind::cluster_role,
                                       Kind::cluster_role_binding,
                                       Kind::role,
                                       Kind::role_binding,
                                       Kind::runtime_class,
                                       Kind::config_map,
                                       Kind::secret};
  Facts facts;
  for (const Kind kind : kCompared) {
    for (const ObjectPtr& object : cluster.all(kind)) {
      if (kind == Kind::pod) add_pod(facts, *object);
      else facts[describe(*object)] = "is there  " + what_matters(cluster, *object);
    }
  }
  return facts;
}

// A script's line numbers are its own, and so are numbers of processes.
std::string digits_aside(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

struct RunOutcome {
  std::string shown;
  std::string compared;
};

RunOutcome run_outcome(const RunEvent& event) {
  const RunResult& result = event.run->result;
  if (result.ending != RunResult::Ending::exited) return {"settled", "settled"};
  const std::string exit = fmt::format("exit {}", result.exit_code);
  if (result.exit_code == 0 || event.run->faulted) return {exit, exit};
  const std::string line = last_line(event);
  return {exit + "  " + line, exit + digits_aside(line)};
}

std::string entry_text(const Node* node) {
  if (node == nullptr) return "nothing";
  if (node->kind == FileKind::symlink) return "-> " + std::string(node->blob->bytes);
  const char* const kind = node->kind == FileKind::directory ? "a directory" : "a file";
  return fmt::format("{} of mode {:04o}, owner {}:{}", kind, node->attributes.mode, node->attributes.uid,
                     node->attributes.gid);
}

TextDifference contents_of(const TreeChange& change) {
  const Node* left = change.before;
  const Node* right = change.after;
  const bool files =
      left != nullptr && right != nullptr && left->kind == FileKind::file && right->kind == FileKind::file;
  if (!files || left->blob == right->blob) return {"", entry_text(left), entry_text(right)};
  const auto a = parse_toml(left->blob->bytes);
  const auto b = parse_toml(right->blob->bytes);
  if (change.path.ends_with(".toml") && a && b) {
    if (TextDifference key = differing_key(*a, *b); !key.at.empty()) return key;
  }
  return differing_line(left->blob->bytes, right->blob->bytes);
}

class Differences {
 public:
  explicit Differences(int step) : step_(step) {}

  void add(std::string where, std::string left, std::string right) {
    found_.push_back({step_, std::move(where), std::move(left), std::move(right)});
  }

  void compare_facts(const Facts& left, const Facts& right) {
    Facts all = left;
    all.insert(right.begin(), right.end());
    for (const auto& [name, ignored] : all) {
      const auto a = left.find(name);
      const auto b = right.find(name);
      const std::string one = a == left.end() ? "is not there" : a->second;
      const std::string other = b == right.end() ? "is not there" : b->second;
      if (one != other) add(name, one, other);
    }
  }

  void compare_hosts(const World& left, const World& right) {
    for (const NodeHost& node : left.nodes) {
      const NodeHost* other = right.find_node(node.name);
      if (other == nullptr) continue;  // told with the Node objects
      for (const TreeChange& change : diff(node.host->host.files, other->host->host.files, Compare::seen)) {
        const TextDifference text = contents_of(change);
        add(fmt::format("{} {}{}{}", node.name, change.path, text.at.empty() ? "" : " ", text.at), text.left,
            text.right);
      }
    }
  }

  void compare_records(const StepRecord& left, const StepRecord& right) {
    const std::string name(step_name(left.step->kind));
    if (left.applied != right.applied)
      add(name, left.applied ? "applied" : left.message, right.applied ? "applied" : right.message);
    if (left.exit_status != right.exit_status)
      add("helm " + name, fmt::format("exit {}  {}", left.exit_status, left.message),
          fmt::format("exit {}  {}", right.exit_status, right.message));
    if (left.at_rest != right.at_rest)
      add(name, left.at_rest ? "at rest" : "not at rest", right.at_rest ? "at rest" : "not at rest");
    compare_runs(left, right);
  }

  std::vector<Difference> take() { return std::move(found_); }

 private:
  using Runs = std::map<std::string, std::vector<RunOutcome>>;  // by program, owner and node

  static Runs runs_of(const StepRecord& record) {
    Runs runs;
    for (const RunEvent& event : record.runs)
      runs[fmt::format("{} of {} on {}", program_name(event.run->program), event.owner, event.node)].push_back(
          run_outcome(event));
    return runs;
  }

  void compare_runs(const StepRecord& left, const StepRecord& right) {
    Runs ours = runs_of(left);
    Runs theirs = runs_of(right);
    for (const auto& [name, ignored] : theirs) ours.try_emplace(name);
    for (const auto& [name, starts] : ours) {
      const std::vector<RunOutcome>& others = theirs[name];
      for (std::size_t i = 0; i < std::max(starts.size(), others.size()); ++i) {
        const RunOutcome none{"does not happen", "does not happen"};
        const RunOutcome& one = i < starts.size() ? starts[i] : none;
        const RunOutcome& other = i < others.size() ? others[i] : none;
        if (one.compared != other.compared) add(fmt::format("{}, start {}", name, i + 1), one.shown, other.shown);
      }
    }
  }

  int step_;
  std::vector<Difference> found_;
};

// A scenario's own versions are kin of the subject that it was made for.
Scenario without_versions(Scenario scenario) {
  for (Step& step : scenario.steps) step.version.clear();
  return scenario;
}

// In a Lab with a tier, the model's turn.
class WithoutTier {
 public:
  explicit WithoutTier(Lab& lab) : lab_(lab), tier_(std::move(lab.tier)) {}
  WithoutTier(const WithoutTier&) = delete;
  WithoutTier& operator=(const WithoutTier&) = delete;
  ~WithoutTier() { lab_.tier = std::move(tier_); }

 private:
  Lab& lab_;
  std::unique_ptr<Tier> tier_;
};

}  // namespace

void share_payload(Catalogue& catalogue, const std::string& subject, const std::string& against) {
  const VersionPtr from = catalogue.versions.find(subject);
  const VersionPtr to = catalogue.versions.find(against);
  auto shared = std::make_shared<Version>(*to);
  shared->date = from->date;
  shared->deploy.payload = from->deploy.payload;
  shared->deploy.hash =
      Hasher().add(to->deploy.hash).add(std::string_view("with the payload of")).add(from->name).finish();
  catalogue.versions.versions[against] = shared;
}

std::expected<std::vector<Difference>, std::string> compare(Lab& lab, const VersionPtr& subject,
                                                            const VersionPtr& against, const Scenario& given) {
  const Scenario scenario = without_versions(given);
  auto left = start_world(lab, scenario);
  if (!left) return std::unexpected(left.error());
  auto right = start_world(lab, scenario);
  if (!right) return std::unexpected(right.error());
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
    const StepRecord ours = play_step(lab, *left, subject, scenario.steps[i]);
    StepRecord theirs;
    {
      const WithoutTier model(lab);
      theirs = play_step(lab, *right, against, scenario.steps[i]);
    }
    Differences differences(static_cast<int>(i) + 1);
    differences.compare_records(ours, theirs);
    differences.compare_hosts(*left, *right);
    differences.compare_facts(objects_of(left->cluster), objects_of(right->cluster));
    if (auto found = differences.take(); !found.empty()) return found;
  }
  return std::vector<Difference>{};
}

}  // namespace barnacle
