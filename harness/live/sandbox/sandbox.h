// One start of a container: its processes live in mount, PID, IPC, UTS, network and user namespaces of their own, over
// a folder that plays the node. Nothing else of this machine can be written or reached; when the sandbox ends, or the
// driving process is killed, no process and no mount is left.
//
//   SandboxSpec spec{.node = work / "node-a", .argv = {"bash", "/opt/kata-artifacts/scripts/kata-deploy.sh",
//   "install"}}; spec.mounts = {{.at = "/etc/containerd", .from = spec.node / "etc/containerd"}}; auto sandbox =
//   Sandbox::start(spec); api.serve((*sandbox)->take_api_listener()); while ((*sandbox)->pump(5ms, [&](const
//   StandInCall& call) { return node.systemctl(call.argv); })) api.pump();
//
// One thread drives a sandbox. The driver needs two programs of this build beside itself: barnacle-sandbox, which makes
// the namespaces (a program with threads must not fork for that), and barnacle-stand-in.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/live/sandbox/effect_gate.h"

namespace barnacle {

struct BindMount {
  std::string at = {};  // in the container; directories that lack are made in the image's fresh layer
  std::filesystem::path
      from;  // a folder or file that exists; below the node, links in it are resolved as the node would
  bool read_only = false;
};

struct Limits {
  std::chrono::seconds time{120};           // real time, until everything is killed
  std::uint64_t memory_bytes = 2ULL << 30;  // of one process's data, and of the sum of what all have in memory
  std::uint64_t file_bytes = 1ULL << 30;    // of one file
  std::uint64_t disk_bytes = 4ULL << 30;  // of the node folder: it is measured now and then, and above it all is killed
  std::uint64_t layer_bytes = 512ULL << 20;  // of what the container writes to its own root
  std::uint64_t output_bytes = 16ULL << 20;  // of output and of trace; the rest is read and dropped
  int processes = 256;
};

struct SandboxSpec {
  std::filesystem::path node = {};  // plays the node's root directory
  std::vector<std::filesystem::path> image =
      {};                     // root folders of the image, lowest first; / is a fresh layer over them
  bool machine_tools = true;  // this machine's /usr (bash, coreutils, jq, python3 …) read-only below the image
  std::vector<BindMount> mounts = {};
  std::vector<std::string> argv = {};  // argv[0] is looked up in the PATH of env
  std::map<std::string, std::string> env =
      {};  // without PATH: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  std::string cwd = "/";
  std::string hostname = "sandbox";
  // PID 1 is the node's init, with the node's folder as its root and this machine's /usr read-only in it, so that
  // `nsenter --target 1 --mount systemctl …` works unmodified. Without: the main process is PID 1, as in a pod.
  bool host_pid = false;
  std::uint16_t api_port = 0;  // 0: none
  std::vector<std::string> node_stand_ins{"systemctl", "containerd", "crio",     "k3s",
                                          "k0s",       "rke2",       "microk8s", "journalctl"};
  std::vector<std::string> image_stand_ins{"sleep"};
  bool trace_bash = false;     // bash scripts write their xtrace, with file and line, to trace()
  bool gate = false;           // effects are stopped and given to on_effect; see gate_supported()
  bool gate_reads = false;     // so are opens for reading, with number 0
  GateHandler on_effect = {};  // called from pump(); without it everything goes on
  Limits limits = {};
};

// A stand-in that a program inside has called, and what it is to say.
struct StandInCall {
  std::vector<std::string> argv = {};  // argv[0] without folders: "systemctl"
  std::string cwd = {};
  std::map<std::string, std::string> files = {};  // of kubectl and tomlq: the small files that arguments name
};
struct Answer {
  int exit = 0;
  std::string out = {};
  std::string err = {};
  std::string run = {};    // the program to run in its place after all; nothing else counts then
  std::string write = {};  // a file that is written before anything is said, and its new contents
  std::string contents = {};
};
using StandIn = std::function<Answer(const StandInCall&)>;

struct Exit {
  int status = 0;           // 128 + signal for a killed main process
  bool terminated = false;  // by terminate(), or by a ruling of the gate
  bool timed_out = false, out_of_memory = false, disk_full = false, too_many_processes = false;
};

class Sandbox {
 public:
  // Returns when the main process is running. Errors: what this machine does not allow, a folder or program that is not
  // there.
  static std::expected<std::unique_ptr<Sandbox>, std::string> start(const SandboxSpec& spec);
  ~Sandbox();  // kills what still runs
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // A listening TCP socket on 127.0.0.1:api_port inside the sandbox, made there; the caller closes it. -1 the second
  // time.
  int take_api_listener();

  // Handles what is there, after waiting for it at most so long; true while the container runs. A stand-in is answered
  // at once. `sleep` never reaches the caller: finite ones end at once, and sleep infinity blocks and settles.
  bool pump(std::chrono::milliseconds wait, const StandIn& stand_in);
  std::vector<int> descriptors() const;  // to be polled for input together with others

  bool settled() const;    // its program has come to `sleep infinity`
  double slept_s() const;  // seconds of finite sleeps that did not happen
  std::optional<Exit> exit() const;
  void catch_up();                    // reads what is in the pipes, so that output() and trace() are of now
  const std::string& output() const;  // stdout and stderr as one, in order, bounded
  const std::string& trace() const;   // with trace_bash
  int effects() const;                // numbered so far

  // SIGTERM to the main process; what is left after grace is killed. Does not wait: pump until it is false.
  void terminate(std::chrono::milliseconds grace);

 private:
  Sandbox();
  struct State;
  std::unique_ptr<State> state_;
};

// Errors: one line on what this machine does not allow.
std::expected<void, std::string> sandbox_supported();
std::expected<void, std::string> gate_supported();

}  // namespace barnacle
