// What a campaign leaves in a folder: findings/ID-XXXX.toml, report.txt and report.json.
#pragma once

#include <expected>
#include <string>

#include "harness/report/campaign_report.h"

namespace barnacle {

// Makes the folder and tries to write there, so that a long campaign does not fail at its end. The error is one line.
std::expected<void, std::string> prepare_folder(const std::string& folder);

// Where a finding's scenario with these contents goes.
std::string finding_path(const std::string& folder, const CampaignFinding& found, const std::string& contents);

// Every file whole or not at all, the reports last: where they are, everything is. On an error the files that were new
// are removed again; it is one line.
std::expected<void, std::string> write_campaign(const std::string& folder, const CampaignReport& report);

}  // namespace barnacle
