// One request over one cluster, as a function: no sockets here.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/live/api/discovery.h"
#include "sim/cluster/cluster.h"

namespace barnacle {

struct ApiRequest {
  std::string method;  // "GET"
  std::string path;    // without the account's prefix: "/api/v1/nodes/node-a"
  std::map<std::string, std::string> query;
  std::string content_type;
  std::string accept;
  std::string user_agent;
  std::string body;
  Account account;  // by the prefix /_as/system:serviceaccount:NAMESPACE:NAME; else none
};

struct ApiResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

// What a client asks to be told of as it happens.
struct WatchRequest {
  Kind kind = Kind::job;
  std::string namespace_;
  std::string name;  // by metadata.name; empty: all
  Selector selector;
  std::uint64_t from = 0;       // resourceVersion: what is older is known
  bool initial_events = false;  // sendInitialEvents: begin with what is there, then a bookmark
};

// Splits "/_as/system:serviceaccount:NS:NAME/api/v1/…?limit=500".
ApiRequest parse_target(const std::string& target);

// A watch of this request; nothing when it is none.
std::optional<WatchRequest> watch_of(const ApiRequest& request);

ApiResponse handle(Cluster& cluster, const ApiRequest& request);
ApiResponse error_response(const ApiError& error);

}  // namespace barnacle
