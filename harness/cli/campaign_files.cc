#include "harness/cli/campaign_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "harness/report/json.h"
#include "harness/scenario/file.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

using Done = std::expected<void, std::string>;

// Writes files; takes the new ones back unless keep() is called.
class Files {
 public:
  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    std::error_code ignored;
    for (const std::string& path : new_) fs::remove(path, ignored);
  }
  void keep() { new_.clear(); }

  Done write(const std::string& path, const std::string& contents) {
    std::error_code ignored;
    const bool is_new = !fs::exists(fs::symlink_status(path, ignored));
    if (const auto written = write_file(path, contents); !written)
      return std::unexpected(path + ": " + written.error().what);
    if (is_new) new_.push_back(path);
    return {};
  }

 private:
  std::vector<std::string> new_;
};

}  // namespace

std::expected<void, std::string> prepare_folder(const std::string& folder) {
  const std::string findings = folder + "/findings";
  std::error_code error;
  fs::create_directories(findings, error);
  if (error) return std::unexpected(fmt::format("--out {}: cannot be made: {}", folder, error.message()));
  Files probe;
  return probe.write(findings + "/.barnacle-probe", std::string(4096, '\n'));
}

std::string finding_path(const std::string& folder, const CampaignFinding& found, const std::string& contents) {
  return folder + "/findings/" + file_name_of(found.finding.invariant, contents);
}

std::expected<void, std::string> write_campaign(const std::string& folder, const CampaignReport& report) {
  Files files;
  for (const ShownFinding& shown : report.findings) {
    if (Done done = files.write(shown.file, write_scenario(scenario_of_finding(shown.found, report.result.seed)));
        !done)
      return done;
  }
  if (Done done = files.write(folder + "/report.txt", campaign_text(report)); !done) return done;
  if (Done done = files.write(folder + "/report.json", json_text(campaign_json(report))); !done) return done;
  files.keep();
  return {};
}

}  // namespace barnacle
