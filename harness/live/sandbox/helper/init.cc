#include "harness/live/sandbox/helper/init.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "harness/live/sandbox/helper/container.h"
#include "harness/live/sandbox/helper/network.h"
#include "harness/live/sandbox/helper/system.h"
#include "harness/live/sandbox/helper/views.h"
#include "harness/live/sandbox/wire.h"

namespace barnacle::helper {

namespace {

void report(const InitLinks& links, MessageKind kind, std::string text, int descriptor) {
  Message message{.kind = kind, .text = std::move(text), .descriptors = {}};
  if (descriptor >= 0) message.descriptors.push_back(descriptor);
  check(send_message(links.report, message), "reporting to the supervisor");
  if (descriptor >= 0) close(descriptor);
}

// From here on this process ends with its supervisor, whatever that dies of. A change of ids undoes the wish, so it
// comes after that; and the supervisor may be gone already.
void end_with_supervisor(const InitLinks& links) {
  check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl(PR_SET_PDEATHSIG)");
  char byte = 0;
  if (recv(links.report, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) _exit(1);
}

void make_network(const SandboxSpec& spec, const InitLinks& links) {
  bring_up_loopback();
  report(links, MessageKind::stand_in_listener, "", listen_for_stand_ins());
  if (spec.api_port != 0) report(links, MessageKind::api_listener, "", listen_for_api(spec.api_port));
}

bool shows_whole_node(const SandboxSpec& spec) {
  const std::filesystem::path node = spec.node.lexically_normal();
  return std::ranges::any_of(spec.mounts,
                             [&](const BindMount& mount) { return mount.from.lexically_normal() == node; });
}

[[noreturn]] void become_container(const SandboxSpec& spec, const Stage& stage, const InitLinks& links,
                                   int init_ready) {
  const std::string view = make_container_view(spec, stage);
  const int proc = open((view + "/proc").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  check(proc >= 0, "opening /proc");
  report(links, MessageKind::proc_folder, "", proc);
  enter_view(view);
  setsid();
  if (init_ready >= 0) {
    char byte = 0;
    check(read(init_ready, &byte, 1) == 0, "waiting for init");
  }
  run_main(spec, links.report);
}

// Nothing that leads out may be open in PID 1: what it has can be had through /proc/1/fd.
void keep_only(int descriptor) {
  constexpr int kKept = 3;
  check(dup3(descriptor, kKept, O_CLOEXEC) == kKept || descriptor == kKept, "keeping the status pipe");
  check(syscall(SYS_close_range, kKept + 1, ~0U, 0) == 0, "close_range");
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  check(nothing >= 0, "opening /dev/null");
  for (int stream = 0; stream < kKept; ++stream) check(dup2(nothing, stream) == stream, "dup2");
  close(nothing);
}

// SIGTERM for PID 1 is meant for the container's main process; children that nobody waits for are reaped.
[[noreturn]] void serve_as_init(pid_t main_process, int status_pipe, const sigset_t& signals) {
  while (true) {
    if (sigwaitinfo(&signals, nullptr) == SIGTERM) kill(main_process, SIGTERM);
    int status = 0;
    for (pid_t process = 0; (process = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (process != main_process) continue;
      // The kernel ends the rest together with PID 1.
      _exit(write(status_pipe, &status, sizeof status) == sizeof status ? 0 : 1);
    }
  }
}

[[noreturn]] void become_node_init(const SandboxSpec& spec, const Stage& stage, const InitLinks& links,
                                   const std::string& node_view) {
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGCHLD);
  check(sigprocmask(SIG_BLOCK, &signals, &before) == 0, "sigprocmask");
  int ready[2];
  check(pipe2(ready, O_CLOEXEC) == 0, "pipe2");
  // The namespace is copied in the same moment: this process is about to leave the machine's root in its own.
  const auto main_process = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, nullptr, nullptr, nullptr, 0));
  check(main_process >= 0, "making the container's mount namespace");
  if (main_process == 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    close(ready[1]);
    close(links.status);
    become_container(spec, stage, links, ready[0]);
  }
  enter_view(node_view);
  drop_capabilities();
  check(prctl(PR_SET_DUMPABLE, 1) == 0, "prctl(PR_SET_DUMPABLE)");
  lock_down();
  // Closes `ready`, too, for which the main process waits, and the way of reporting: nothing can fail from here on.
  keep_only(links.status);
  serve_as_init(main_process, 3, signals);
}

}  // namespace

void run_init(const SandboxSpec& spec, Identity identity, Trees trees, const InitLinks& links) {
  report_failures_to(links.report);
  char byte = 0;
  if (read(links.go, &byte, 1) != 1) _exit(1);
  close(kControlSocket);
  close(links.go);
  become_root_inside();
  end_with_supervisor(links);
  report(links, MessageKind::node_view, link_target("/proc/self/ns/mnt"), -1);
  check(sethostname(spec.hostname.c_str(), spec.hostname.size()) == 0, "sethostname");
  make_network(spec, links);
  check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "making mounts private");
  if (identity != Identity::shifted) open_trees(spec, -1, trees);
  const Stage stage = make_stage(spec, trees, kStandInProgram);
  std::string node_view;
  if (spec.host_pid || shows_whole_node(spec)) node_view = make_node_view(spec, stage);
  if (spec.host_pid) become_node_init(spec, stage, links, node_view);
  become_container(spec, stage, links, -1);
}

}  // namespace barnacle::helper
