#include "harness/live/tier/live_tier.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <ranges>

#include "harness/live/api/server.h"
#include "harness/live/tier/child_process.h"
#include "harness/live/tier/client_clock.h"
#include "harness/live/tier/container_run.h"
#include "harness/live/tier/helm_command.h"
#include "sim/base/check.h"
#include "sim/cluster/access.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kTurn{20};
// Helm runs on the clock on the wall. Where its clock can be put forward when the virtual deadline has come, that never
// runs out by itself; elsewhere the wait is a real one, and a hook's pods have to be done by then.
constexpr std::chrono::seconds kPatience{3600};
constexpr std::chrono::seconds kPatienceWhereClockIsFixed{25};
// With --wait Helm asks every two seconds.
constexpr std::chrono::seconds kPoll{2};
// A client that has slept so long waits for the world. It is more than the 100 ms after which client-go looks again
// whether a watch has told it all that was there (WaitForCacheSync; Helm 4 with --wait).
constexpr milliseconds kQuiet{150};

std::chrono::seconds patience_of_helm() { return ClientClock::can_be_moved() ? kPatience : kPatienceWhereClockIsFixed; }

std::uint64_t finished_jobs(const Cluster& cluster) {
  std::uint64_t count = 0;
  for (const ObjectPtr& job : cluster.of_kind(Kind::job)) count += job_status(*job).condition.empty() ? 0U : 1U;
  return count;
}

bool writes(const std::string& method) { return method != "GET"; }

class LiveTier : public Tier {
 public:
  LiveTier(Lab& lab, std::shared_ptr<const LiveSubject> subject, VersionPtr version, LiveOptions options,
           std::unique_ptr<ApiServer> api)
      : lab_(lab),
        subject_(std::move(subject)),
        version_(std::move(version)),
        options_(std::move(options)),
        api_(std::move(api)),
        containers_(lab.store, *subject_, options_, *api_) {
    fs::create_directories(helm_home());
    std::ofstream(kubeconfig()) << fmt::format(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: simulated\n  cluster: {{server: 'http://127.0.0.1:{}'}}\n"
        "contexts:\n- name: desk\n  context: {{cluster: simulated, user: desk}}\ncurrent-context: desk\n"
        "users:\n- name: desk\n  user: {{}}\n",
        api_->port());
  }

  HelmResult helm(Cluster& cluster, Machines& machines, const Step& step, int major) override {
    if (!step.version.empty() && step.version != subject_->version)
      return {.exit_status = 1, .message = "a live subject has one version only", .refused = true};
    api_->reset();  // before: the client may be quick with its first request
    auto process = start_helm(step, major);
    check(process.has_value(), process ? "helm starts" : process.error().c_str());
    limit_requests(step.options, *process);
    const bool killed = follow(*process, cluster, machines, step);
    api_->interfere = nullptr;
    HelmResult result;
    result.exit_status = killed ? 137 : *process->ended();
    if (result.exit_status != 0) {
      result.message = killed ? "killed" : error_of_helm(process->standard_error());
      result.refused = !killed && !wrote_anything();
    }
    api_->reset();
    return result;
  }

  VersionPtr version_of_image(const std::string& image) const override {
    for (const LiveImage& one : subject_->images) {
      if (::fnmatch(one.name.c_str(), image.c_str(), 0) == 0) return version_;
    }
    return nullptr;
  }

  std::string_view node_label() const override {
    const bool of_kata = subject_->label.empty() && !subject_->settings.empty();
    return of_kata ? kKataLabel : std::string_view(subject_->label);
  }

  SettingsPtr settings(const Version& version, const PodSpec& spec) override {
    if (!subject_->settings.empty()) return lab_.runner.settings(version.deploy, spec.env, spec.env_hash);
    auto read = std::make_shared<Settings>(read_settings(version.deploy, spec.env, spec.env_hash));
    read->shims.clear();
    read->roots = roots_of_release(spec);
    read->root = read->roots.empty() ? "/opt" : read->roots.front();
    return read;
  }

  RunPtr run(const ProgramStart& start, HostPtr& host, Cluster& cluster, const RunFault* fault) override {
    return containers_.run(start, host, cluster, fault);
  }

  void watch_effects(bool watch) override { containers_.keep_moments = watch; }

 private:
  fs::path helm_home() const { return options_.work / "helm"; }
  fs::path kubeconfig() const { return helm_home() / "kubeconfig"; }

  // The subject's roots, with the release's suffix in its place.
  std::vector<std::string> roots_of_release(const PodSpec& spec) const {
    constexpr std::string_view kPlace = "{suffix}";
    const auto given = spec.env.find(subject_->suffix);
    const std::string suffix = given == spec.env.end() || given->second.empty() ? "" : "-" + given->second;
    std::vector<std::string> roots = subject_->roots;
    for (std::string& root : roots) {
      if (const std::size_t at = root.find(kPlace); at != std::string::npos) root.replace(at, kPlace.size(), suffix);
    }
    return roots;
  }

  std::expected<ChildProcess, std::string> start_helm(const Step& step, int major) const {
    const fs::path values = helm_home() / "values.json";
    std::ofstream(values) << (step.values ? step.values->dump() : "{}");
    ChildProcess::Spec spec;
    spec.argv = helm_arguments(step, subject_->chart.string(), values.string(), patience_of_helm().count());
    spec.argv.insert(spec.argv.begin(), (major == kHelm4 ? options_.tools.helm4 : options_.tools.helm3).string());
    const std::string home = helm_home().string();
    spec.env = {{"HOME", home},
                {"PATH", "/usr/bin:/bin"},
                {"KUBECONFIG", kubeconfig().string()},
                {"HELM_CACHE_HOME", home + "/cache"},
                {"HELM_CONFIG_HOME", home + "/config"},
                {"HELM_DATA_HOME", home + "/data"},
                {"HELM_NO_PLUGINS", "1"}};
    spec.folder = helm_home();
    return ChildProcess::start(spec);
  }

  // The client dies after so many writing requests.
  void limit_requests(const HelmOptions& options, ChildProcess& process) {
    if (!options.kill_after_requests) return;
    api_->interfere = [left = *options.kill_after_requests,
                       &process](const ApiRequest& request) mutable -> std::optional<ApiInterference> {
      if (!request.account.administrator() || !writes(request.method) || left-- > 0) return std::nullopt;
      process.kill();
      return ApiInterference{{503, "ServiceUnavailable", "the client is gone"}};
    };
  }

  // Answers the client until it ends; moves the clock while it waits. True when it was killed on purpose.
  bool follow(ChildProcess& process, Cluster& cluster, Machines& machines, const Step& step) {
    ClientClock clock(process.number());
    const bool polls = step.options.wait || step.options.atomic;
    bool waiting = false;
    Time deadline = 0;   // of what it waits for
    bool asked = false;  // since the deadline has come
    while (!process.ended()) {
      const std::size_t answered = api_->answered().size();
      if (api_->serve(cluster, kTurn) > 0) {
        asked = true;
        // Who writes has got what it waited for; what it waits for next has a deadline of its own.
        if (wrote_since(answered)) waiting = false;
        continue;
      }
      const bool watches = api_->has_watch();
      if (std::min<milliseconds>(api_->quiet_for(), clock.asleep_for()) < kQuiet) continue;
      if (!watches && !polls) {
        waiting = false;
        continue;
      }
      if (!waiting) deadline = cluster.now + step.options.timeout_s;
      waiting = true;
      if (cluster.now < deadline) {
        asked = false;
        const std::uint64_t before = finished_jobs(cluster);
        cluster.run_for(machines, deadline - cluster.now,
                        [&](const Cluster& now) { return watches && finished_jobs(now) != before; });
        if (!watches) clock.move(kPoll);
      } else if (watches || asked) {
        clock.move(patience_of_helm());
        waiting = false;
      }
    }
    return step.options.kill_after_requests && *process.ended() == 137;
  }

  bool wrote_anything() const { return wrote_since(0); }

  // Since so many requests had been answered.
  bool wrote_since(std::size_t answered) const {
    return std::ranges::any_of(api_->answered() | std::views::drop(answered), [](const AnsweredRequest& one) {
      return one.account.administrator() && writes(one.method) && one.status < 300;
    });
  }

  Lab& lab_;
  std::shared_ptr<const LiveSubject> subject_;
  VersionPtr version_;
  LiveOptions options_;
  std::unique_ptr<ApiServer> api_;
  ContainerRuns containers_;
};

// The image's tree as the model's payload: what invariants hold the host against.
PayloadPtr payload_of(const LiveSubject& subject) {
  for (const LiveImage& image : subject.images) {
    std::vector<fs::path> trees = {image.payload};
    for (const fs::path& root : image.roots) trees.push_back(root / kArtefacts);
    for (const fs::path& artefacts : trees) {
      std::error_code error;
      if (!fs::is_directory(artefacts / "opt/kata", error)) continue;
      if (auto payload = load_payload(artefacts.string(), subject.version, subject.date)) return *payload;
    }
  }
  auto empty = std::make_shared<Payload>();
  empty->version = subject.version;
  empty->date = subject.date;
  return empty;
}

}  // namespace

std::expected<VersionPtr, std::string> live_version(const LiveSubject& subject, const VersionLibrary& models) {
  auto version = std::make_shared<Version>();
  if (!subject.settings.empty()) {
    const VersionPtr model = models.find(subject.settings);
    if (!model)
      return std::unexpected(fmt::format("{}: settings: there is no version preset '{}'",
                                         (subject.folder / kSubjectFile).string(), subject.settings));
    version->deploy.facts = model->deploy.facts;
    version->chart_facts = model->chart_facts;
  }
  version->live = true;
  version->name = "live:" + subject.folder.string();
  version->title = subject.name + " " + subject.version;
  version->date = subject.date;
  version->deploy.name = version->name;
  version->deploy.version = subject.version;
  version->deploy.payload = payload_of(subject);
  version->deploy.hash = Hasher().add(std::string_view(version->name)).finish();
  return version;
}

std::function<std::unique_ptr<Tier>(Lab&)> live_tier(std::shared_ptr<const LiveSubject> subject, VersionPtr version,
                                                     LiveOptions options) {
  auto count = std::make_shared<std::atomic<int>>(0);
  return [=](Lab& lab) -> std::unique_ptr<Tier> {
    LiveOptions own = options;
    own.work = options.work / fmt::format("worker-{}", ++*count);
    fs::create_directories(own.work);
    auto api = ApiServer::start();
    check(api.has_value(), api ? "the API server starts" : api.error().c_str());
    return std::make_unique<LiveTier>(lab, subject, version, own, std::move(*api));
  };
}

}  // namespace barnacle
