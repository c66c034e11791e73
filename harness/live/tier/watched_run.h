// One run of a container: what happens to the node's host and what is noted of it.
//
// System calls that change the node, requests to the API server and calls of the node's own programs are numbered as
// they come: one list of effects, in one order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/live/api/server.h"
#include "harness/live/sandbox/sandbox.h"
#include "harness/live/tier/host_folder.h"
#include "harness/live/tier/run_memory.h"
#include "harness/live/tier/temporary_names.h"
#include "sim/deploy/process.h"
#include "sim/deploy/restart_watch.h"
#include "sim/deploy/turns.h"

namespace barnacle {

// Where a container finds the tools that are stood in for.
inline constexpr const char* kRealTools = "/usr/local/lib/barnacle";
inline constexpr int kTurnMs = 50;   // the longest wait for something to happen
inline constexpr int kKilled = 137;  // the exit status of a program that SIGKILL ended

struct WatchedRun {
  HostFolder& folder;
  Host host;
  Time now;        // of the cluster
  Time file_date;  // of what is written to the node
  const RunFault* fault;
  Turns* turns;
  bool keeps_moments;
  Sandbox* sandbox = nullptr;
  std::shared_ptr<RunRecord> record = std::make_shared<RunRecord>();
  EffectNotes notes = {};
  std::vector<RunMemory::Exchange> exchanges = {};
  std::vector<RunMemory::Moment> moments = {};
  TemporaryNames temporary = {};
  std::string torn = {};  // a file of which only half was written
  std::string trouble = {};
  bool cut = false;
  RestartWatch watch = RestartWatch(host);
  bool unlooked = false;  // the last effect may have made the runtime unable to restart

  // What becomes of an effect.
  enum class Turn : std::uint8_t {
    go_on,
    fail,  // it is not done, and answers as the fault says
    lose,  // it is done, and answers as the fault says
    end    // it is not done, and nothing after it
  };

  // At a system call that would change the node, at a request of the pod to the API server, at a call of one of the
  // node's own programs, and at a command of a script where system calls cannot be stopped: a command is one effect; it
  // cannot be failed as a system call can, only kept from starting.
  Ruling rule(const StoppedEffect& effect);
  std::optional<ApiInterference> rule(const ApiRequest& request);
  Answer answer(const StandInCall& call);
  Answer answer_command(const StandInCall& call);
  void heard(const ApiRequest& request, const ApiResponse& response);

  // Once what the last effect did is done, which shows when the next thing happens.
  void look_at_restart();
  // The node's files, as they are now.
  void take_files();
  // Cuts the torn file short.
  void tear();

 private:
  Turn next(const Effect& effect);
  void note(int number, const Effect& effect);
  bool may_stop_a_restart(const Effect& effect) const;
  void keep_moment(const Effect& effect);
  // The others run to their ends while this one is stopped at its effect.
  void let_others_run();
  std::vector<Time> starts_of_runtime() const;
  // Its programs end before an answer would reach them.
  void end_now() const;
};

}  // namespace barnacle
