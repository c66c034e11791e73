// One run of a program from its first effect to its end.
#pragma once

#include "sim/deploy/deployment.h"
#include "sim/deploy/process.h"
#include "sim/deploy/restart_watch.h"
#include "sim/deploy/shell.h"

namespace barnacle {

class Execution {
 public:
  // `parts` is asked for what parts came to, and told; null under a fault, and where nothing is to be remembered.
  Execution(Store& store, PartMemory* parts, const RunRequest& request, const FrozenHost& host, Cluster& cluster,
            const RunFault* fault, const Probe& probe);

  RunPtr run();
  // After run(): the host that it left.
  const HostPtr& left() const { return left_; }
  // After run(): of what lies beside its destination it saw these paths at most (see surroundings.h).
  bool looked_at_no_neighbours_but(const std::set<std::string>& named) const;

 private:
  struct OpenPart {
    Hash128 key;
    PartKey part;
    FileTree before;
    int effects = 0;
    std::size_t notes = 0;
    std::size_t lines = 0;
    std::set<PartRecord::Disturbance> disturbances;
    bool spoiled = false;  // it did what a part must not do
  };

  EffectResult begin_part(const PartKey& part);
  EffectResult take_over(const PartPtr& known, const std::string& folder);
  EffectResult end_part(const std::set<std::string, std::less<>>& wanted);
  // Runs to the end, or until another run has to let go of the lock first.
  void go_on();
  bool over() const { return cut_ || work_.done(); }
  void finish();
  bool take_lock();
  void let_others_run();
  void let_first_go_on();
  // True when the fault struck and cut the run.
  bool step(const Effect& effect);
  void note_fault(const Effect& effect);
  EffectResult tear(const Effect& effect);
  // Performs it, or what a mutation makes of it.
  EffectResult do_effect(const Effect& effect);
  EffectResult mutate(const Effect& effect);
  void do_deferred();
  void note_api(const Effect& effect);
  void note_change(const Effect& effect, const FileTree& before);
  void note_for_part(const Effect& effect);
  void note_if_aside(const std::string& path);
  void note_loaded(const LoadedConfigPtr& loaded);
  void note_ending(Work& work);

  PartMemory* parts_;
  const RunRequest& request_;
  const RunFault* fault_;
  const Probe& probe_;
  std::optional<Effect> deferred_;  // by a mutation, until after the next mutating effect
  Host working_;
  Place place_;
  RestartWatch watch_;
  Shell shell_;
  std::shared_ptr<RunRecord> record_;
  Deployment deployment_;
  Work work_;
  bool cut_ = false;
  bool preempted_ = false;  // before the next effect others run
  bool finished_ = false;
  std::optional<OpenPart> open_;
  std::set<std::string> aside_;  // what it saw beside its destination
  LoadedConfigPtr noted_;        // the configuration that was seen last
  bool failed_to_load_ = false;  // some configuration of the runtime; then more may have been seen
  HostPtr left_;
};

}  // namespace barnacle
