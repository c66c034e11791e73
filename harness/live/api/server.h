// The API server of a simulated cluster, behind HTTP on a loopback socket.
//
// Sockets are read by threads of their own; each request is queued whole and answered by the one thread that drives the
// world, in serve(). So nothing else ever touches a Cluster, and a program's requests are answered while that thread
// waits for the program. Clients cannot send credentials over plain HTTP: an account is a prefix of the path, see
// ApiRequest.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/live/api/handler.h"

namespace barnacle {

// What was asked and answered, in that order.
struct AnsweredRequest {
  std::string method;
  std::string path;
  Account account;
  int status = 0;
};

// A fault of the server's side.
struct ApiInterference {
  ApiError error;           // sent to the client
  bool after_done = false;  // the request is carried out first, and only its answer is lost
};

class ApiServer {
 public:
  // On a free port of 127.0.0.1. The error is one line.
  static std::expected<std::unique_ptr<ApiServer>, std::string> start();
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  int port() const;

  // One more listening socket, made inside a sandbox's network namespace; it is the server's from now on.
  void listen_on(int listener);
  // Closes it and the connections that came in through it.
  void stop_listening(int listener);

  // Answers what has come, waiting for the first at most so long, and tells watchers what has changed since; how many
  // requests were answered.
  int serve(Cluster& cluster, std::chrono::milliseconds wait);

  // One request of a client that lives in this process, answered and recorded as if it had come through a socket.
  ApiResponse ask(Cluster& cluster, const ApiRequest& request);

  // While true, administrators (Helm) wait: a program that runs on a node is served alone, so that the order of events
  // does not depend on who is faster.
  void hold_administrators(bool hold);

  // A request waits that serve() may answer.
  bool has_request() const;
  // Somebody waits for something to happen: not who watches a Job and has been told that it is finished, for that one
  // is about to go on, however long a busy machine lets it take.
  bool has_watch() const;
  // How long no request has come, and no watcher has been told anything.
  std::chrono::milliseconds quiet_for() const;

  // Readable when a request waits.
  int ready_fd() const;

  // Asked before each request is carried out. Empty: no faults.
  std::function<std::optional<ApiInterference>(const ApiRequest&)> interfere;
  // Told of each request that was answered, but for watches. Empty: nobody listens.
  std::function<void(const ApiRequest&, const ApiResponse&)> heard;

  // Since the last reset().
  const std::vector<AnsweredRequest>& answered() const;
  // For another world: watches are ended, the record is emptied.
  void reset();

 private:
  ApiServer();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace barnacle
