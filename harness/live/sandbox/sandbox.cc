#include "harness/live/sandbox/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <utility>

#include "harness/live/sandbox/bounded_reader.h"
#include "harness/live/sandbox/gate_listener.h"
#include "harness/live/sandbox/launch.h"
#include "harness/live/sandbox/stand_in_server.h"
#include "harness/live/sandbox/wire.h"

namespace barnacle {

using Clock = std::chrono::steady_clock;

struct Sandbox::State {
  State(const Launched& launched, const SandboxSpec& spec)
      : helper(launched.helper),
        control(launched.control),
        api_listener(launched.api_listener),
        output(launched.output, spec.limits.output_bytes),
        trace(launched.trace, spec.limits.output_bytes),
        stand_ins(launched.stand_in_listener) {
    if (launched.gate >= 0) gate.emplace(launched.gate, launched.node_view, spec);
  }

  void order(MessageKind kind) const { send_message(control, {.kind = kind, .text = "", .descriptors = {}}); }

  // "STATUS FLAGS", see Supervisor::end.
  void take_exit(const std::string& text) {
    Exit result;
    std::from_chars(text.data(), text.data() + text.size(), result.status);
    const auto flag = [&](char name) { return text.find(name) != std::string::npos; };
    result.terminated = flag('k');
    result.timed_out = flag('t');
    result.out_of_memory = flag('m');
    result.disk_full = flag('d');
    result.too_many_processes = flag('p');
    exit = result;
  }

  // The helper has nobody inside left when it ends, so that nothing more comes out of the pipes than what is in them.
  void end() {
    if (!exit) exit = Exit{.status = 137, .terminated = true};
    close(std::exchange(control, -1));
    waitpid(helper, nullptr, 0);
    while (output.descriptor() >= 0) output.read_what_is_there();
    while (trace.descriptor() >= 0) trace.read_what_is_there();
  }

  void take_messages() {
    while (control >= 0) {
      const Received received = receive_message(control);
      if (received.message && received.message->kind == MessageKind::exited) take_exit(received.message->text);
      if (received.closed) end();
      if (!received.message) return;
    }
  }

  pid_t helper;
  int control;  // -1 after the end
  int api_listener;
  BoundedReader output;
  BoundedReader trace;
  StandInServer stand_ins;
  std::optional<GateListener> gate;
  std::optional<Clock::time_point> kill_at;
  std::optional<Exit> exit;
};

Sandbox::Sandbox() = default;

Sandbox::~Sandbox() {
  if (!state_) return;
  if (state_->api_listener >= 0) close(state_->api_listener);
  // The helper ends everything when its driver's end closes.
  if (state_->control >= 0) state_->end();
}

std::expected<std::unique_ptr<Sandbox>, std::string> Sandbox::start(const SandboxSpec& spec) {
  const auto launched = launch(spec);
  if (!launched) return std::unexpected(launched.error());
  std::unique_ptr<Sandbox> sandbox(new Sandbox);
  sandbox->state_ = std::make_unique<State>(*launched, spec);
  return sandbox;
}

int Sandbox::take_api_listener() { return std::exchange(state_->api_listener, -1); }

std::vector<int> Sandbox::descriptors() const {
  if (state_->control < 0) return {};
  std::vector<int> all = state_->stand_ins.descriptors();
  all.push_back(state_->control);
  for (const int pipe : {state_->output.descriptor(), state_->trace.descriptor()}) {
    if (pipe >= 0) all.push_back(pipe);
  }
  if (state_->gate) all.push_back(state_->gate->descriptor());
  return all;
}

bool Sandbox::pump(std::chrono::milliseconds wait, const StandIn& stand_in) {
  std::vector<pollfd> ready;
  for (const int descriptor : descriptors()) ready.push_back({descriptor, POLLIN, 0});
  if (ready.empty()) return false;
  poll(ready.data(), ready.size(), static_cast<int>(wait.count()));
  catch_up();
  if (state_->gate && !state_->gate->serve()) state_->order(MessageKind::kill);
  state_->stand_ins.serve(stand_in);
  if (state_->kill_at && Clock::now() >= *state_->kill_at) {
    state_->order(MessageKind::kill);
    state_->kill_at.reset();
  }
  state_->take_messages();
  return state_->control >= 0;
}

void Sandbox::catch_up() {
  state_->output.read_what_is_there();
  state_->trace.read_what_is_there();
}

bool Sandbox::settled() const { return state_->control >= 0 && state_->stand_ins.settled(); }

double Sandbox::slept_s() const { return state_->stand_ins.slept_s(); }

std::optional<Exit> Sandbox::exit() const { return state_->control < 0 ? state_->exit : std::nullopt; }

const std::string& Sandbox::output() const { return state_->output.text(); }

const std::string& Sandbox::trace() const { return state_->trace.text(); }

int Sandbox::effects() const { return state_->gate ? state_->gate->effects() : 0; }

void Sandbox::terminate(std::chrono::milliseconds grace) {
  if (state_->control < 0) return;
  state_->order(MessageKind::terminate);
  state_->kill_at = Clock::now() + grace;
}

}  // namespace barnacle
