// What a real program does, as the effects that scenarios, faults and reports speak of.
#pragma once

#include <optional>

#include "harness/live/api/handler.h"
#include "harness/live/sandbox/sandbox.h"
#include "sim/deploy/effect.h"

namespace barnacle {

Effect effect_of(const StoppedEffect& stopped);
// Nothing for discovery: which documents a client fetches about the API depends on what it has cached.
std::optional<Effect> effect_of(const ApiRequest& request);
Effect effect_of(const StandInCall& call);
// "write cp -a /opt/payload /host/opt": all that is known of a command is its words.
Effect effect_of_command(const StandInCall& call);

// The kernel's number for an error that a scenario names.
int number_of(Errno error);

}  // namespace barnacle
