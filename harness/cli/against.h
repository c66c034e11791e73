// --subject and --against: two subjects play the same scenarios, and are held against each other.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "harness/cli/catalogue.h"
#include "harness/engine/campaign.h"

namespace barnacle {

struct AgainstArguments {
  std::string subject;
  std::string against;
  std::string format = "text";
  bool fast = false;
};

// One scenario: prints where the two part, shrunk. The exit status.
int compare_scenario(const std::string& fixtures, const std::string& scenario, const AgainstArguments& arguments);

// Random ones, on one thread: each place in which they part once, shrunk; with `out`, its scenario in out/findings.
int compare_campaign(const std::string& fixtures, const AgainstArguments& arguments, const CampaignOptions& campaign,
                     const std::string& out);

}  // namespace barnacle
