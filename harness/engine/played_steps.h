// What steps of a live subject left, by all the steps that led to them. Shrinking and crash play the same beginnings
// over and over, and a step with real programs takes seconds; the model is too fast to need this.
#pragma once

#include <memory>
#include <unordered_map>

#include "harness/engine/simulation.h"

namespace barnacle {

class PlayedSteps {
 public:
  struct Left {
    World after;
    StepRecord record;
  };

  // Null where it was not played, or was forgotten.
  const Left* find(Hash128 history) const;
  void keep(Hash128 history, const World& after, const StepRecord& record);

 private:
  std::unordered_map<Hash128, Left, Hash128Hash> left_;
};

// How a world came to be: its start, and then each step.
Hash128 history_of_start(const Scenario& scenario);
Hash128 history_after(const World& world, const VersionPtr& subject, const Step& step);

}  // namespace barnacle
