#include "harness/cli/campaign_end.h"

#include "harness/cli/campaign_files.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/output.h"
#include "harness/report/campaign_report.h"
#include "harness/report/json.h"
#include "harness/scenario/scenario_toml.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

Timeline replay_finding(const Catalogue& catalogue, const VersionPtr& subject, const CampaignFinding& found) {
  Lab lab(catalogue);
  auto timeline = replay(lab, subject, found.scenario, {.details = true, .only_invariant = found.finding.invariant});
  check(timeline.has_value(), "a scenario that was shrunk can be played");
  return std::move(*timeline);
}

CampaignReport report_of(const Catalogue& catalogue, const VersionPtr& subject, const CampaignResult& result,
                         const std::string& out) {
  CampaignReport report{result, subject_name(*subject), {}};
  for (const CampaignFinding& found : result.findings) {
    const std::string contents = write_scenario(scenario_of_finding(found, result.seed));
    report.findings.push_back(
        {found, replay_finding(catalogue, subject, found), out.empty() ? "" : finding_path(out, found, contents)});
  }
  return report;
}

}  // namespace

int end_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignResult& result,
                 const std::string& format, const std::string& out) {
  const CampaignReport report = report_of(catalogue, subject, result, out);
  print(format == "json" ? json_text(campaign_json(report)) : campaign_text(report));
  if (!out.empty()) {
    const auto written = write_campaign(out, report);
    if (!written) return refuse(written.error());
  }
  return result.findings.empty() ? kNothingFound : kFinding;
}

}  // namespace barnacle
