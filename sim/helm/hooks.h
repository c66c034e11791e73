// Hooks: objects that Helm creates around a command and waits for.
#pragma once

#include <string_view>

#include "sim/helm/client.h"

namespace barnacle {

// Runs the hooks of an event by weight, then name. Before each one the release is stored (`revision` as it stands), as
// Helm notes the hook's start. After a failure what was created stays, but for hooks with the policy hook-failed.
Done run_hooks(Client& client, const Revision& revision, std::string_view event);

}  // namespace barnacle
