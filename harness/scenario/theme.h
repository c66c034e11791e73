// What a block of scenarios has in common: a few letters of a large alphabet, drawn at random. Scenarios over few
// letters meet each other's states again and again, which is what finds order-dependent bugs (and what memory makes
// cheap); many themes cover the whole alphabet. Swarm testing, one level up.
#pragma once

#include "harness/scenario/alphabet.h"
#include "harness/scenario/choices.h"

namespace barnacle {

// The same alphabet with fewer letters: one or two kinds of hosts, a few settings, suffixes, prefixes and edits.
Alphabet draw_theme(Choices& choices, const Alphabet& alphabet);

}  // namespace barnacle
