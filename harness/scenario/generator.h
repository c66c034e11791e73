// Random scenarios that make sense: a light model of what is installed keeps most steps meaningful.
#pragma once

#include "harness/scenario/alphabet.h"
#include "harness/scenario/choices.h"
#include "harness/scenario/scenario.h"

namespace barnacle {

// Any choices give a scenario: all zeros the smallest one. The subject is left for the caller to fill in.
Scenario generate(Choices& choices, const Alphabet& alphabet);

}  // namespace barnacle
