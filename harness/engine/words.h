// Names for people: subjects, steps in one line, and the check that a scenario names only what there is.
#pragma once

#include "harness/engine/replay.h"
