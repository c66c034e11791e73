#include "harness/live/sandbox/helper/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>

#include "harness/live/sandbox/helper/init.h"
#include "harness/live/sandbox/helper/system.h"
#include "harness/live/sandbox/helper/usage.h"
#include "harness/live/sandbox/wire.h"

namespace barnacle::helper {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kCheckEvery{50};
constexpr std::chrono::milliseconds kCheckEveryUnlimited{10};  // identity same: the kernel limits no processes of uid 0
constexpr std::chrono::milliseconds kDiskCheckEvery{200};
constexpr int kPriority = -10;
constexpr int kDiskCheckShare = 10;  // of the time, at most one part in so many goes into measuring the node folder

void close_trees(const Trees& trees) {
  close(trees.node);
  for (const int tree : trees.image) close(tree);
  for (const int tree : trees.mounts) close(tree);
  for (const ToolFolder& tool : trees.tools) close(tool.tree);
  close(trees.alternatives);
}

class Supervisor {
 public:
  explicit Supervisor(const SandboxSpec& spec) : spec_(spec) {}

  [[noreturn]] void run() {
    start_init();
    // Among many busy processes inside, the one that can end them must get its turn. Ordinary users cannot have that.
    setpriority(PRIO_PROCESS, 0, kPriority);
    while (true) {
      wait_for_events();
      check_limits();
    }
  }

 private:
  void start_init() {
    // For those who open /dev/stdout: the pipes belong to the driver's user, who is nobody inside.
    check(fchmod(kOutputPipe, 0666) == 0 && fchmod(kTracePipe, 0666) == 0, "opening the pipes to all inside");
    int report[2];
    int go[2];
    int status[2];
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report) == 0, "socketpair");
    check(pipe2(go, O_CLOEXEC) == 0 && pipe2(status, O_CLOEXEC) == 0, "pipe2");
    Trees trees;
    const Identity identity = choose_identity(trees);
    if (identity == Identity::same) check_every_ = kCheckEveryUnlimited;
    const unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
    init_ = static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0));
    check(init_ >= 0, "this machine does not allow namespaces of one's own (unprivileged user namespaces, container)");
    if (init_ == 0) {
      for (const int end : {report[0], go[1], status[0]}) close(end);
      run_init(spec_, identity, trees, {.go = go[0], .report = report[1], .status = status[1]});
    }
    for (const int end : {report[1], go[0], status[1], kOutputPipe, kTracePipe, kStandInProgram}) close(end);
    if (identity == Identity::shifted) close_trees(trees);
    report_ = report[0];
    status_ = status[0];
    init_descriptor_ = static_cast<int>(syscall(SYS_pidfd_open, init_, 0));
    check(init_descriptor_ >= 0, "pidfd_open");
    map_ids(init_, identity);
    check(write(go[1], "g", 1) == 1, "starting the sandbox");
    close(go[1]);
  }

  Identity choose_identity(Trees& trees) {
    if (!is_machine_root()) return Identity::single;
    const int shifted = shifted_user_namespace();
    const bool mapped = shifted >= 0 && open_trees(spec_, shifted, trees);
    close(shifted);
    if (mapped) return Identity::shifted;
    close_trees(trees);
    trees = {};
    return Identity::same;
  }

  void wait_for_events() {
    pollfd ready[] = {{kControlSocket, POLLIN, 0}, {init_descriptor_, POLLIN, 0}, {report_, POLLIN, 0}};
    poll(ready, 3, static_cast<int>(check_every_.count()));
    if (ready[0].revents != 0) take_order();
    if (ready[2].revents != 0) take_report();
    if (ready[1].revents != 0 && report_ < 0) end();
    // What it reported before it died comes first.
    if (ready[1].revents != 0 && ready[2].revents == 0) end();
  }

  void take_order() {
    const Received received = receive_message(kControlSocket);
    if (received.closed) {
      kill(init_, SIGKILL);
      waitpid(init_, nullptr, 0);
      _exit(0);
    }
    if (!received.message) return;
    flags_['k'] = true;
    kill(init_, received.message->kind == MessageKind::kill ? SIGKILL : SIGTERM);
  }

  void take_report() {
    Received received = receive_message(report_);
    if (received.closed) {
      close(report_);
      report_ = -1;
      tell_ready();
      return;
    }
    if (!received.message) return;
    Message& message = *received.message;
    if (message.kind == MessageKind::failed) {
      kill(init_, SIGKILL);
      waitpid(init_, nullptr, 0);
      fail_with_line(message.text);
    }
    if (message.kind == MessageKind::node_view) node_view_ = message.text;
    if (!message.descriptors.empty()) reported_[message.kind] = message.descriptors.front();
  }

  // ready: "NODE_VIEW KINDS", the kinds of the descriptors in their order.
  void tell_ready() {
    Message ready{.kind = MessageKind::ready, .text = node_view_ + " ", .descriptors = {}};
    for (const MessageKind kind : {MessageKind::stand_in_listener, MessageKind::api_listener, MessageKind::gate}) {
      const auto found = reported_.find(kind);
      if (found == reported_.end()) continue;
      ready.text += static_cast<char>(kind);
      ready.descriptors.push_back(found->second);
    }
    // The main process runs only if all of it was reported; else init has died without a word.
    if (reported_.contains(MessageKind::proc_folder)) send_message(kControlSocket, ready);
    for (const int descriptor : ready.descriptors) close(descriptor);
  }

  // exited: "STATUS FLAGS", flags as in flags_.
  [[noreturn]] void end() {
    int status = 0;
    waitpid(init_, &status, 0);
    if (spec_.host_pid) {
      int reported = SIGKILL;
      status = read(status_, &reported, sizeof reported) == sizeof reported ? reported : SIGKILL;
    }
    const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    std::string text = std::to_string(code) + " ";
    for (const auto& [flag, set] : flags_) text += flag;
    send_message(kControlSocket, {.kind = MessageKind::exited, .text = text, .descriptors = {}});
    _exit(0);
  }

  void end_because(char flag) {
    flags_[flag] = true;
    kill(init_, SIGKILL);
  }

  void check_limits() {
    const auto now = Clock::now();
    if (now < next_check_) return;
    next_check_ = now + check_every_;
    if (now - started_ > spec_.limits.time) end_because('t');
    const auto proc = reported_.find(MessageKind::proc_folder);
    if (proc != reported_.end()) check_processes(proc->second);
    if (now >= next_disk_check_) check_disk(now);
  }

  void check_processes(int proc) {
    const Usage usage = measure_usage(proc);
    if (usage.processes > spec_.limits.processes + 2) end_because('p');
    if (usage.memory_bytes > spec_.limits.memory_bytes && measure_own_memory(proc) > spec_.limits.memory_bytes) {
      end_because('m');
    }
  }

  void check_disk(Clock::time_point now) {
    if (measure_disk(spec_.node, spec_.limits.disk_bytes) > spec_.limits.disk_bytes) end_because('d');
    next_disk_check_ =
        Clock::now() + std::max<Clock::duration>(kDiskCheckEvery, kDiskCheckShare * (Clock::now() - now));
  }

  const SandboxSpec& spec_;
  pid_t init_ = -1;
  int init_descriptor_ = -1;
  int report_ = -1;
  int status_ = -1;
  std::string node_view_;
  std::map<MessageKind, int> reported_;
  std::map<char, bool> flags_;  // k: told to end; t: time; m: memory; d: disk; p: processes
  std::chrono::milliseconds check_every_ = kCheckEvery;
  Clock::time_point started_ = Clock::now();
  Clock::time_point next_check_ = started_ + kCheckEvery;
  Clock::time_point next_disk_check_ = started_ + kDiskCheckEvery;
};

}  // namespace

void supervise(const SandboxSpec& spec) { Supervisor(spec).run(); }

}  // namespace barnacle::helper
