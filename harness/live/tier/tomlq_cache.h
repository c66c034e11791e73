// What tomlq makes of a file, remembered by contents: in memory, and on disk for later runs and other workers.
//
// Each answer was given once by the real tomlq, run beside the driver on a copy of the file. Calls whose answer could
// depend on anything but their words and one file are left to the real one in the container.
#pragma once

#include <filesystem>
#include <optional>
#include <unordered_map>

#include "harness/live/sandbox/sandbox.h"
#include "sim/base/hash.h"

namespace barnacle {

class TomlqCache {
 public:
  // `folder`: of the cache; may be shared by many processes. `scratch`: our own.
  TomlqCache(std::filesystem::path venv, std::filesystem::path folder, std::filesystem::path scratch);

  // Nothing: only the real one knows.
  std::optional<Answer> answer(const StandInCall& call);

 private:
  std::optional<Answer> ask_the_real_one(const StandInCall& call) const;
  std::optional<Answer> read(Hash128 key) const;
  void write(Hash128 key, const Answer& answer) const;

  std::filesystem::path venv_;
  std::filesystem::path folder_;
  std::filesystem::path scratch_;
  Hash128 tool_;  // its version, and that of what it runs
  std::unordered_map<Hash128, Answer, Hash128Hash> known_;
};

}  // namespace barnacle
