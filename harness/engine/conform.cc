#include "harness/engine/conform.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/engine/conform_host.h"
#include "harness/engine/conform_outcome.h"
#include "harness/engine/conform_plan.h"
#include "harness/scenario/file.h"
#include "harness/scenario/scenario_toml.h"
#include "sim/base/stable_sort.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestRecording = std::size_t{64} << 20;
constexpr std::string_view kOutcomeFile = "outcome.json";

using Failure = std::unexpected<std::string>;

struct Recording {
  std::string version;
  std::string scenario;
  fs::path folder;
};

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::expected<std::vector<Recording>, std::string> find_recordings(const ConformOptions& options) {
  const auto versions = list_folder(options.traces);
  if (!versions) return Failure(options.traces + ": " + versions.error().what);
  std::vector<Recording> recordings;
  for (const fs::path& version : *versions) {
    if (!is_folder(version) || (!options.version.empty() && version.filename() != options.version)) continue;
    const auto scenarios = list_folder(version);
    if (!scenarios) return Failure(version.string() + ": " + scenarios.error().what);
    for (const fs::path& scenario : *scenarios) {
      std::error_code error;
      if (!fs::exists(scenario / kOutcomeFile, error)) continue;
      if (!options.scenario.empty() && scenario.filename() != options.scenario) continue;
      recordings.push_back({version.filename().string(), scenario.filename().string(), scenario});
    }
  }
  if (recordings.empty()) return Failure(fmt::format("{}: no such recording there", options.traces));
  sort_stably(recordings,
              [](const Recording& a, const Recording& b) { return compare_versions(a.version, b.version) < 0; });
  return recordings;
}

std::expected<Catalogue, std::string> load_catalogue(const ConformOptions& options,
                                                     const std::vector<Recording>& recordings) {
  std::map<std::string, std::string> payloads;
  for (const Recording& recording : recordings) {
    const fs::path payload = fs::path(options.payload) / recording.version;
    if (!is_folder(payload))
      return Failure(fmt::format("{}: there is no image tree of {} there", options.payload, recording.version));
    payloads[recording.version] = payload.string();
  }
  auto versions = load_versions(options.versions, options.own_payload, payloads);
  if (!versions)
    return Failure(fmt::format("{}:{}: {}", versions.error().file, versions.error().line, versions.error().what));
  auto kinds = list_host_kinds(options.hosts);
  if (!kinds) return Failure(fmt::format("{}:{}: {}", kinds.error().file, kinds.error().line, kinds.error().what));
  Catalogue catalogue{std::move(*versions), options.hosts, std::move(*kinds)};
  if (options.prepare) {
    if (const auto ready = options.prepare(catalogue); !ready) return Failure(ready.error());
  }
  return catalogue;
}

std::expected<std::string, std::string> read_recorded(const fs::path& path) {
  auto text = read_file(path.string(), kLargestRecording);
  if (!text) return Failure(fmt::format("{}: {}", path.string(), text.error().what));
  return std::move(*text);
}

// Plays one recording's scenario and holds every step against it.
class Conformance {
 public:
  Conformance(const ConformOptions& options, const Catalogue& catalogue, const Recording& recording)
      : options_(options), recording_(recording), catalogue_(catalogue), lab_(catalogue) {
    result_.version = recording.version;
    result_.scenario = recording.scenario;
  }

  std::expected<ConformScenario, std::string> run() {
    if (auto done = read(); !done) return Failure(done.error());
    auto started = start_world(lab_, scenario_);
    if (!started) return Failure(fmt::format("{}: {}", scenario_.file, started.error()));
    world_ = std::move(*started);
    if (auto compared = compare_hosts(plan_.before); !compared) return Failure(compared.error());
    if (auto done = play(); !done) return Failure(done.error());
    if (auto compared = compare_hosts(plan_.at_the_end); !compared) return Failure(compared.error());
    for (const std::string& difference : compare_outcome(outcome_, records_)) disagree(kOutcomeFile, difference);
    return std::move(result_);
  }

 private:
  std::expected<void, std::string> read() {
    const auto file = fs::path(options_.scenarios) / (recording_.scenario + ".toml");
    auto scenario = load_scenario(file.string());
    if (!scenario) return Failure(scenario.error().text());
    scenario_ = std::move(*scenario);
    subject_ = catalogue_.versions.find(options_.subject.empty() ? recording_.version : options_.subject);
    if (!subject_) return Failure(fmt::format("{}: there is no version preset of that name", recording_.version));
    const fs::path outcome_file = recording_.folder / kOutcomeFile;
    const auto text = read_recorded(outcome_file);
    if (!text) return Failure(text.error());
    auto outcome = parse_outcome(*text);
    if (!outcome) return Failure(fmt::format("{}: {}", outcome_file.string(), outcome.error()));
    outcome_ = std::move(*outcome);
    return make_plan();
  }

  std::expected<void, std::string> make_plan() {
    const auto files = list_folder(recording_.folder);
    if (!files) return Failure(recording_.folder.string() + ": " + files.error().what);
    std::vector<std::string> names;
    for (const fs::path& file : *files) {
      if (is_listing(file.filename().string())) names.push_back(file.filename().string());
    }
    plan_ = plan_recording(scenario_, outcome_.given, names);
    for (const std::string& problem : plan_.problems) disagree(kOutcomeFile, problem);
    for (const std::string& name : outcome_.listings) {
      if (std::ranges::find(names, name) == names.end()) disagree(name, "is named in outcome.json, and is not there");
    }
    return {};
  }

  std::expected<void, std::string> play() {
    for (const Play& play : plan_.plays) {
      records_.push_back(play_step(lab_, world_, subject_, play.step));
      const StepRecord& record = records_.back();
      const std::string_view where =
          play.listings.empty() ? step_name(play.step.kind) : std::string_view(play.listings.front().file);
      if (!record.applied) disagree(where, "the step had nothing to act on: " + record.message);
      if (!record.at_rest) disagree(where, "the model did not come to rest");
      if (auto compared = compare_hosts(play.listings); !compared) return compared;
    }
    return {};
  }

  std::expected<void, std::string> compare_hosts(const std::vector<PlannedListing>& listings) {
    for (const PlannedListing& planned : listings) {
      const fs::path file = recording_.folder / planned.file;
      const auto text = read_recorded(file);
      if (!text) return Failure(text.error());
      const auto listing = parse_listing(*text);
      if (!listing) return Failure(fmt::format("{}: {}", file.string(), listing.error()));
      const NodeHost* node = world_.find_node(planned.node);
      if (node == nullptr)
        return Failure(fmt::format("{}: the scenario has no node '{}'", file.string(), planned.node));
      add(planned.file, compare_host(
                            node->host->host.files, *listing, subject_->deploy.version,
                            [this](const std::string& path) { return image_text(path); }, fingerprints_));
    }
    return {};
  }

  void add(const std::string& file, const HostComparison& comparison) {
    ++result_.listings;
    result_.entries += comparison.entries;
    result_.files_by_bytes += comparison.files_by_bytes;
    result_.files_by_value += comparison.files_by_value;
    for (const std::string& difference : comparison.differences) disagree(file, difference);
  }

  // A release's root may be anywhere; what is below it is laid out as in the image.
  std::optional<std::string> image_text(const std::string& path) const {
    static constexpr std::string_view kConfigurations = "/share/defaults/kata-containers/";
    const std::size_t at = path.find(kConfigurations);
    if (at == std::string::npos) return std::nullopt;
    auto text =
        read_file(options_.payload + "/" + recording_.version + "/opt/kata" + path.substr(at), kLargestRecording);
    if (!text) return std::nullopt;
    return std::move(*text);
  }

  void disagree(std::string_view file, const std::string& what) {
    result_.disagreements.push_back({fmt::format("{}/{} {}", recording_.version, recording_.scenario, file), what});
  }

  const ConformOptions& options_;
  const Recording& recording_;
  const Catalogue& catalogue_;
  Lab lab_;
  Fingerprints fingerprints_;
  World world_;
  Scenario scenario_;
  VersionPtr subject_;
  Outcome outcome_;
  RecordingPlan plan_;
  std::vector<StepRecord> records_;
  ConformScenario result_;
};

}  // namespace

std::expected<std::vector<ConformScenario>, std::string> conform(const ConformOptions& options) {
  const auto recordings = find_recordings(options);
  if (!recordings) return Failure(recordings.error());
  const auto catalogue = load_catalogue(options, *recordings);
  if (!catalogue) return Failure(catalogue.error());
  std::vector<ConformScenario> results;
  for (const Recording& recording : *recordings) {
    auto result = Conformance(options, *catalogue, recording).run();
    if (!result) return Failure(result.error());
    results.push_back(std::move(*result));
  }
  return results;
}

}  // namespace barnacle
