// What a campaign came to, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/engine/campaign.h"

namespace barnacle {

// A finding of a campaign, with the replay of its shrunk scenario.
struct ShownFinding {
  const CampaignFinding& found;
  Timeline timeline;  // of the shrunk scenario, judged by this invariant alone, with details
  std::string file;   // where the scenario was written; empty when it was not
};

struct CampaignReport {
  const CampaignResult& result;
  std::string subject;
  std::vector<ShownFinding> findings;  // one for each of result.findings
};

// Step kinds that no scenario had, and invariants that never had anything to speak of. Those that speak of faults alone
// are left out: a campaign without faults cannot reach them.
struct NeverReached {
  std::vector<std::string> steps;
  std::vector<std::string> invariants;
  bool empty() const { return steps.empty() && invariants.empty(); }
};
NeverReached never_reached(const CampaignResult& result);

// The scenario as a file of its own: with a title, and the invariant that it violates as what is expected.
Scenario scenario_of_finding(const CampaignFinding& found, std::uint64_t seed);
// "path.suffix-once-4f1c.toml": by the invariant and what the file says.
std::string file_name_of(const std::string& invariant, const std::string& contents);

std::string campaign_text(const CampaignReport& report);
nlohmann::json campaign_json(const CampaignReport& report);

}  // namespace barnacle
