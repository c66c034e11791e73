#include "sim/deploy/changes.h"

namespace barnacle {

EffectNotes Changes::all() const {
  EffectNotes notes;
  for (const Block& block : blocks_) {
    for (const EffectNote& note : *block.notes) {
      notes.push_back(note);
      notes.back().number += block.before;
    }
  }
  notes.insert(notes.end(), open_.begin(), open_.end());
  return notes;
}

}  // namespace barnacle
