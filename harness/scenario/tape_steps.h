// A tape of bytes by the steps that it draws: where each begins, and changes that keep steps whole.
//
// A step's bytes mean the same wherever they stand (but for what there is to choose from at that point), so that a step
// which is cut, doubled or moved leaves the others what they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "harness/scenario/alphabet.h"
#include "harness/scenario/choices.h"

namespace barnacle::fuzz {

using Bytes = std::vector<std::uint8_t>;

// Changes some bytes into at most `limit` others: libFuzzer's own mutations.
using ChangeBytes = std::function<Bytes(Bytes part, std::size_t limit)>;

struct Tape {
  Bytes head;                // what the scenario is like: nodes, releases, length
  std::vector<Bytes> steps;  // the last one: whether all is uninstalled in the end, and how
};

// Cuts bytes where the generator begins a step. What it did not draw is left out.
Tape cut_into_steps(std::span<const std::uint8_t> bytes, const Alphabet& alphabet);
Bytes joined(const Tape& tape);

// The tape with a step cut out, doubled, moved, swapped with another or changed, or with another head.
Tape mutated(Tape tape, Choices& random, const ChangeBytes& change, std::size_t limit);

// The head of one, and some steps of each of them.
Tape crossed(const Tape& one, const Tape& other, Choices& random);

}  // namespace barnacle::fuzz
