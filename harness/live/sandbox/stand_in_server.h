// Answers the stand-ins of one sandbox. What they send is not trusted: requests are bounded, and so is their number.
#pragma once

#include <vector>

#include "harness/live/sandbox/sandbox.h"

namespace barnacle {

class StandInServer {
 public:
  explicit StandInServer(int listener);
  ~StandInServer();
  StandInServer(const StandInServer&) = delete;
  StandInServer& operator=(const StandInServer&) = delete;

  void serve(const StandIn& answer);  // what is there; does not wait
  std::vector<int> descriptors() const;
  bool settled() const;  // somebody is in `sleep infinity`, or sleeps for a day or more
  double slept_s() const { return slept_s_; }

 private:
  struct Connection {
    int descriptor = -1;
    std::string request;
    std::string reply;
    bool answered = false;
    bool sleeps = false;
    bool closed = false;
  };
  void accept_all();
  void serve_one(Connection& connection, const StandIn& answer);
  void read_some(Connection& connection);
  void sleep(Connection& connection, const StandInCall& call);
  static void write_some(Connection& connection);

  int listener_;
  std::vector<Connection> connections_;
  double slept_s_ = 0;
};

}  // namespace barnacle
