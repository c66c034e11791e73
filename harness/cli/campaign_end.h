// How a campaign ends, whoever played it: a report on standard output, its files, and an exit status.
#pragma once

#include <string>

#include "harness/engine/campaign.h"

namespace barnacle {

// `out` (a folder that prepare_folder has made) may be empty: no files. Returns the exit status.
int end_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignResult& result,
                 const std::string& format, const std::string& out);

}  // namespace barnacle
