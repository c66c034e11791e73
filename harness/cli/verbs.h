// The verbs of the command line. Each adds its options to the program; when it is the one that was called, it leaves in
// `chosen` what is to be done, which returns the exit status.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace barnacle {

struct Chosen {
  std::function<int()> verb;
  std::string fixtures;  // --fixtures; empty where it was not given
};

void add_replay(CLI::App& program, Chosen& chosen);
void add_run(CLI::App& program, Chosen& chosen);
void add_gate(CLI::App& program, Chosen& chosen);
void add_merge(CLI::App& program, Chosen& chosen);
void add_crash(CLI::App& program, Chosen& chosen);
void add_shrink(CLI::App& program, Chosen& chosen);
void add_subject(CLI::App& program, Chosen& chosen);
void add_explore(CLI::App& program, Chosen& chosen);
void add_selftest(CLI::App& program, Chosen& chosen);
void add_conform(CLI::App& program, Chosen& chosen);
void add_bench(CLI::App& program, Chosen& chosen);
void add_list(CLI::App& program, Chosen& chosen);

}  // namespace barnacle
