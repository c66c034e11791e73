// Starts of containers: a node's host becomes a folder, the program runs in a sandbox over it, and what it leaves
// becomes a host again.
#pragma once

#include <map>
#include <memory>

#include "harness/engine/tier.h"
#include "harness/live/api/server.h"
#include "harness/live/sandbox/sandbox.h"
#include "harness/live/subject/subject.h"
#include "harness/live/tier/host_folder.h"
#include "harness/live/tier/run_memory.h"
#include "harness/live/tier/tomlq_cache.h"

namespace barnacle {

struct LiveOptions;

class ContainerRuns {
 public:
  ContainerRuns(Store& store, const LiveSubject& subject, const LiveOptions& options, ApiServer& api);

  // The model's own Runner::run, with the real program. `fault` strikes by the numbers of the effect gate.
  RunPtr run(const ProgramStart& start, HostPtr& host, Cluster& cluster, const RunFault* fault);

  // While true, a run without a fault also keeps how the world was before each of its effects: the same run cut
  // somewhere is then known.
  bool keep_moments = false;

 private:
  class Nesting;

  std::filesystem::path volumes_folder() const;
  bool remembers() const;
  bool stands_in_for(const std::string& tool, const LiveImage& image, const SandboxSpec& spec) const;
  static void watch_commands(SandboxSpec& spec);
  Answer answer_as_tool(const StandInCall& call, Cluster& cluster, const ProgramStart& start);
  Hash128 hash_of_start(const ProgramStart& start, const SandboxSpec& spec, const HostPtr& host) const;
  RunPtr cut_run(const RunMemory::Run& run, const RunFault& fault, HostPtr& host, Cluster& cluster) const;

  HostFolder& folder_of(const std::string& node);
  const LiveImage* image_of(const std::string& name) const;
  std::expected<SandboxSpec, std::string> spec_for(const ProgramStart& start, const Cluster& cluster,
                                                   const HostFolder& folder);

  Store& store_;
  const LiveSubject& subject_;
  const LiveOptions& options_;
  ApiServer& api_;
  std::map<std::string, std::unique_ptr<HostFolder>> folders_;  // by node
  RunMemory memory_;
  std::unique_ptr<TomlqCache> tomlq_;  // null: the real one alone
  int depth_ = 0;                      // of runs inside preempted runs
};

}  // namespace barnacle
