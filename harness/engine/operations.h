// What each kind of step does to the world, before the world is left to come to rest.
#pragma once

#include "harness/engine/machines.h"

namespace barnacle {

void operate(Lab& lab, World& world, WorldMachines& machines, const VersionPtr& subject, const Step& step,
             StepRecord& record);

// The same host with another version of its runtime, rebooted into it.
HostPtr with_runtime(const HostPtr& host, const RuntimeVersion& runtime);

}  // namespace barnacle
