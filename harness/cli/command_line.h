// What verbs share on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace barnacle {

struct CampaignOptions;

// --seed, --max-steps, --faults and --jobs (as jobs_of takes it) of verbs that play campaigns.
void add_campaign_options(CLI::App& verb, CampaignOptions& campaign);
// --sequences N or --time TIME; 0 and empty where they were not given.
void add_length_options(CLI::App& verb, std::uint64_t& sequences, std::string& time, const std::string& default_time);
// "30s", "5m", or a bare number of seconds; nothing for everything else.
std::optional<double> seconds_of(const std::string& text);
// --jobs 0: as many threads as there are cores.
int jobs_of(int given);

// --format text|json
void add_format(CLI::App& verb, std::string& format);

// --fast, of live subjects.
void add_fast(CLI::App& verb, bool& fast);

// A word as a shell takes it, quoted only where that is needed.
std::string shell_quoted(std::string_view word);

}  // namespace barnacle
