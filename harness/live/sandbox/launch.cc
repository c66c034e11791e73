#include "harness/live/sandbox/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "harness/live/sandbox/spec_bytes.h"
#include "harness/live/sandbox/wire.h"

namespace barnacle {

namespace {

constexpr int kStartWithin_ms = 30000;

struct Pair {
  int ours = -1;
  int theirs = -1;
};

// All numbers from 10 on, so that giving the helper its low numbers covers none of them.
int moved_up(int descriptor) {
  const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
  close(descriptor);
  return moved;
}

Pair control_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return {.ours = moved_up(ends[0]), .theirs = moved_up(ends[1])};
}

Pair pipe_pair() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  const Pair pair{.ours = moved_up(ends[0]), .theirs = moved_up(ends[1])};
  fcntl(pair.ours, F_SETFL, O_NONBLOCK);
  return pair;
}

int spec_file(const SandboxSpec& spec) {
  const std::vector<std::uint8_t> bytes = write_spec(spec);
  const int file = moved_up(memfd_create("barnacle-sandbox-spec", MFD_CLOEXEC));
  if (write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return -1;
  lseek(file, 0, SEEK_SET);
  return file;
}

// Beside the running program, or where it was built.
std::filesystem::path program_path(const std::string& name) {
  std::error_code error;
  const std::filesystem::path beside = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / name;
  return std::filesystem::exists(beside, error) ? beside : std::filesystem::path(BARNACLE_BINARY_DIR) / name;
}

std::expected<pid_t, std::string> spawn_helper(const std::array<int, 5>& descriptors) {
  const std::filesystem::path program = program_path("barnacle-sandbox");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, 0, 1);
  posix_spawn_file_actions_adddup2(&actions, 0, 2);
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    posix_spawn_file_actions_adddup2(&actions, descriptors[i], kControlSocket + static_cast<int>(i));
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A session of its own: the terminal's Ctrl-C is for the driver, whose end is the sandbox's.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  std::string name = program.string();
  char* const arguments[] = {name.data(), nullptr};
  char* const environment[] = {nullptr};
  pid_t helper = -1;
  const int error = posix_spawn(&helper, name.c_str(), &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return std::unexpected(fmt::format("cannot start {}: {}", name, std::strerror(error)));
  return helper;
}

// "NODE_VIEW KINDS", see Supervisor::tell_ready.
void take_ready(const Message& message, Launched& launched) {
  const std::size_t space = message.text.find(' ');
  launched.node_view = message.text.substr(0, space);
  for (std::size_t i = 0; i < message.descriptors.size(); ++i) {
    const auto kind = static_cast<MessageKind>(message.text.at(space + 1 + i));
    if (kind == MessageKind::stand_in_listener) launched.stand_in_listener = message.descriptors[i];
    if (kind == MessageKind::api_listener) launched.api_listener = message.descriptors[i];
    if (kind == MessageKind::gate) launched.gate = message.descriptors[i];
  }
}

std::expected<void, std::string> await_ready(Launched& launched) {
  pollfd control{launched.control, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&control, 1, kStartWithin_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return std::unexpected("the sandbox did not start in time");
  const Received received = receive_message(launched.control);
  if (!received.message) return std::unexpected("barnacle-sandbox ended without a word");
  if (received.message->kind == MessageKind::failed) return std::unexpected("sandbox: " + received.message->text);
  if (received.message->kind != MessageKind::ready) {
    return std::unexpected("the sandbox was ended while it was made (memory?)");
  }
  take_ready(*received.message, launched);
  return {};
}

void give_up(const Launched& launched) {
  for (const int descriptor : {launched.control, launched.output, launched.trace}) close(descriptor);
  if (launched.helper > 0) waitpid(launched.helper, nullptr, 0);
}

}  // namespace

std::expected<Launched, std::string> launch(const SandboxSpec& spec) {
  if (spec.argv.empty()) return std::unexpected("sandbox: no program was named");
  const std::filesystem::path stand_in_path = program_path("barnacle-stand-in");
  const int stand_in = moved_up(open(stand_in_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (stand_in < 0) return std::unexpected(fmt::format("cannot open {}", stand_in_path.string()));
  const Pair control = control_pair();
  const Pair output = pipe_pair();
  const Pair trace = pipe_pair();
  const int file = spec_file(spec);
  Launched launched{.control = control.ours, .output = output.ours, .trace = trace.ours};
  const auto helper = spawn_helper({control.theirs, file, output.theirs, trace.theirs, stand_in});
  for (const int descriptor : {control.theirs, file, output.theirs, trace.theirs, stand_in}) close(descriptor);
  if (!helper) {
    give_up(launched);
    return std::unexpected(helper.error());
  }
  launched.helper = *helper;
  if (const auto ready = await_ready(launched); !ready) {
    give_up(launched);
    return std::unexpected(ready.error());
  }
  fcntl(launched.control, F_SETFL, O_NONBLOCK);
  return launched;
}

}  // namespace barnacle
