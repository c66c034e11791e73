// Live subjects on the command line: "live:DIR".
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "harness/engine/simulation.h"

namespace CLI {
class App;
}

namespace barnacle {

bool is_live(std::string_view subject);

// How live subjects are played.
struct LiveChoices {
  std::string payloads = {};  // a folder with VERSION/opt/kata; that of the subject's version replaces its image's own
  bool fast = false;
};

// Makes the subject one of the catalogue's, and its tier the one that plays. The error is one line: the subject's file,
// the tools (ci/setup-live), or what this machine does not allow.
std::expected<void, std::string> add_live_subject(Catalogue& catalogue, const std::string& subject,
                                                  const LiveChoices& choices = {});

// The fixtures' subjects, and `subject` among them where it is a live one.
std::expected<std::unique_ptr<const Catalogue>, std::string> load_catalogue_with(const std::string& fixtures,
                                                                                 const std::string& subject,
                                                                                 const LiveChoices& choices = {});

// --fast
void add_fast(CLI::App& verb, bool& fast);

}  // namespace barnacle
