#include "harness/live/sandbox/stand_in_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace barnacle {

namespace {

constexpr std::size_t kMaxRequest = 16U << 20U;
constexpr std::size_t kMaxArguments = 4096;
constexpr std::uint32_t kMaxFiles = 64;
constexpr std::size_t kMaxConnections = 256;
constexpr double kForever_s = 86400;

// A count, that many arguments, and the working directory, each after its size; then a count of files, and of each its
// name and contents. nullopt: not all is there yet. An empty argv: nonsense.
std::optional<StandInCall> parse_request(std::string_view bytes) {
  const auto number = [&]() -> std::optional<std::uint32_t> {
    if (bytes.size() < sizeof(std::uint32_t)) return std::nullopt;
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
    return value;
  };
  const auto count = number();
  if (!count) return std::nullopt;
  StandInCall call;
  if (*count == 0 || *count > kMaxArguments) return call;
  const auto text = [&]() -> std::optional<std::string> {
    const auto size = number();
    if (!size || *size > bytes.size()) return std::nullopt;
    std::string value(bytes.substr(0, *size));
    bytes.remove_prefix(*size);
    return value;
  };
  for (std::uint32_t i = 0; i <= *count; ++i) {
    const auto argument = text();
    if (!argument) return std::nullopt;
    call.argv.push_back(*argument);
  }
  call.cwd = call.argv.back();
  call.argv.pop_back();
  const auto files = number();
  if (!files) return std::nullopt;
  for (std::uint32_t i = 0; i < std::min(*files, kMaxFiles); ++i) {
    const auto name = text();
    auto contents = name ? text() : std::nullopt;
    if (!contents) return std::nullopt;
    call.files[*name] = std::move(*contents);
  }
  return call;
}

std::string reply_bytes(const Answer& answer) {
  const auto size = [](const std::string& text) { return static_cast<std::uint32_t>(text.size()); };
  const std::uint32_t head[] = {static_cast<std::uint32_t>(answer.exit),
                                size(answer.out),
                                size(answer.err),
                                size(answer.run),
                                size(answer.write),
                                size(answer.contents)};
  return std::string(reinterpret_cast<const char*>(head), sizeof head) + answer.out + answer.err + answer.run +
         answer.write + answer.contents;
}

// sleep(1): the sum of its arguments, each with a suffix s, m, h or d; negative: not understood.
double sleep_seconds(const std::vector<std::string>& argv) {
  double total = 0;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    char* end = nullptr;
    double value = std::strtod(argv[i].c_str(), &end);
    if (end == argv[i].c_str()) return -1;
    if (*end == 'm') value *= 60;
    if (*end == 'h') value *= 3600;
    if (*end == 'd') value *= 86400;
    total += value;
  }
  return argv.size() > 1 ? total : -1;
}

}  // namespace

StandInServer::StandInServer(int listener) : listener_(listener) {}

StandInServer::~StandInServer() {
  for (const Connection& connection : connections_) close(connection.descriptor);
  close(listener_);
}

std::vector<int> StandInServer::descriptors() const {
  std::vector<int> all{listener_};
  for (const Connection& connection : connections_) all.push_back(connection.descriptor);
  return all;
}

bool StandInServer::settled() const { return std::ranges::any_of(connections_, &Connection::sleeps); }

void StandInServer::serve(const StandIn& answer) {
  accept_all();
  for (Connection& connection : connections_) serve_one(connection, answer);
  std::erase_if(connections_, [](const Connection& connection) {
    if (connection.closed) close(connection.descriptor);
    return connection.closed;
  });
}

void StandInServer::accept_all() {
  while (connections_.size() < kMaxConnections) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) return;
    connections_.emplace_back();
    connections_.back().descriptor = descriptor;
  }
}

void StandInServer::read_some(Connection& connection) {
  char buffer[65536];
  const ssize_t size = recv(connection.descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
  if (size == 0 || (size < 0 && errno != EAGAIN)) connection.closed = true;
  if (size > 0 && !connection.answered) connection.request.append(buffer, static_cast<std::size_t>(size));
  if (connection.request.size() > kMaxRequest) connection.closed = true;
}

void StandInServer::write_some(Connection& connection) {
  while (!connection.reply.empty()) {
    const ssize_t size =
        send(connection.descriptor, connection.reply.data(), connection.reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) break;
    connection.reply.erase(0, static_cast<std::size_t>(size));
  }
  connection.closed = true;
}

void StandInServer::sleep(Connection& connection, const StandInCall& call) {
  const double seconds = sleep_seconds(call.argv);
  if (seconds >= kForever_s) {
    connection.sleeps = true;
    return;
  }
  if (seconds > 0) slept_s_ += seconds;
  connection.reply =
      reply_bytes(seconds >= 0 ? Answer{} : Answer{.exit = 1, .out = "", .err = "sleep: invalid time\n"});
}

void StandInServer::serve_one(Connection& connection, const StandIn& answer) {
  if (!connection.answered || connection.sleeps) read_some(connection);
  if (connection.closed) return;
  if (!connection.answered) {
    const std::optional<StandInCall> call = parse_request(connection.request);
    if (!call) return;
    connection.answered = true;
    connection.request.clear();
    if (call->argv.empty()) {
      connection.closed = true;
      return;
    }
    if (call->argv.front() == "sleep") {
      sleep(connection, *call);
    } else {
      connection.reply = reply_bytes(answer ? answer(*call) : Answer{.exit = 127, .out = "", .err = "no answer\n"});
    }
  }
  if (!connection.sleeps) write_some(connection);
}

}  // namespace barnacle
