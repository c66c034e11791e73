// The API server behind its socket: requests wait for the driver, watches are told as things happen, and what is too
// large is turned away.
#include "harness/live/api/server.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

using std::chrono::milliseconds;

// A client on a thread of its own, while the test drives the server.
class Connection {
 public:
  template <class Talk>
  Connection(const ApiServer& server, Talk talk)
      : thread_([port = server.port(), talk, this] {
          httplib::Client client("127.0.0.1", port);
          client.set_read_timeout(20);
          client.set_default_headers({{"Accept-Encoding", "gzip, deflate"}});
          talk(client);
          done_ = true;
        }) {}
  ~Connection() { thread_.join(); }
  bool done() const { return done_; }

 private:
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    auto started = ApiServer::start();
    if (!started) throw std::runtime_error(started.error());
    server = std::move(*started);
    cluster.now = 1'740'000'000;
    create("first");
  }

  void create(const std::string& name) {
    Object object;
    object.kind = Kind::config_map;
    object.namespace_ = "default";
    object.name = name;
    object.body = make_body(Json::object());
    ASSERT_TRUE(cluster.create({}, std::move(object)));
  }
  void serve_until(const std::function<bool()>& done) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < patience) server->serve(cluster, milliseconds(5));
    EXPECT_TRUE(done()) << "in twenty seconds";
  }

  Cluster cluster;
  std::unique_ptr<ApiServer> server;
};

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

TEST_F(ServerTest, ARequestWaitsForTheDriverAndIsWrittenDown) {
  int status = 0;
  {
    const Connection connection(*server, [&](httplib::Client& client) {
      const auto answer = client.Get(std::string(kConfigMaps) + "/first");
      status = answer ? answer->status : -1;
    });
    serve_until([&] { return connection.done(); });
  }
  EXPECT_EQ(status, 200);
  ASSERT_EQ(server->answered().size(), 1U);
  EXPECT_EQ(server->answered()[0].path, std::string(kConfigMaps) + "/first");
}

TEST_F(ServerTest, AWatchIsToldOfEachChangeAsItHappens) {
  std::mutex lock;
  std::vector<std::string> events;
  const auto seen = [&] {
    const std::scoped_lock guard(lock);
    return events;
  };
  {
    const Connection connection(*server, [&](httplib::Client& client) {
      std::string text;
      client.Get(std::string(kConfigMaps) + "?watch=true&sendInitialEvents=true",
                 [&](const char* data, std::size_t size) {
                   text.append(data, size);
                   for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
                     const Json event = Json::parse(text.substr(0, end));
                     text.erase(0, end + 1);
                     const std::scoped_lock guard(lock);
                     events.push_back(text_at(event, "type") + " " + text_at(event["object"]["metadata"], "name"));
                     if (event["type"] == "BOOKMARK") {
                       EXPECT_EQ(event["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
                     }
                   }
                   return true;
                 });
    });
    serve_until([&] { return seen().size() == 2; });
    EXPECT_TRUE(server->has_watch());
    create("second");
    serve_until([&] { return seen().size() == 3; });
    ASSERT_TRUE(cluster.remove({}, Kind::config_map, "default", "first"));
    serve_until([&] { return seen().size() == 4; });
    server->reset();
    serve_until([&] { return connection.done(); });
  }
  EXPECT_EQ(events, (std::vector<std::string>{"ADDED first", "BOOKMARK ", "ADDED second", "DELETED first"}));
}

TEST_F(ServerTest, ABodyWithoutAnEndIsTurnedAway) {
  int status = 0;
  {
    const Connection connection(*server, [&](httplib::Client& client) {
      const auto answer = client.Post(kConfigMaps, std::string(std::size_t{9} << 20, 'x'), "application/json");
      status = answer ? answer->status : -1;
    });
    serve_until([&] { return connection.done(); });
  }
  EXPECT_TRUE(status == 413 || status == -1) << status;
  EXPECT_TRUE(server->answered().empty());
  EXPECT_EQ(cluster.of_kind(Kind::config_map).size(), 1U);
}

TEST_F(ServerTest, AFaultIsAnsweredBeforeOrAfterTheRequestIsDone) {
  for (const bool after_done : {false, true}) {
    int status = 0;
    server->interfere = [&](const ApiRequest&) {
      return ApiInterference{{500, "InternalError", "the server is ill"}, after_done};
    };
    {
      const Connection connection(*server, [&](httplib::Client& client) {
        const std::string body = R"({"metadata": {"name": "made"}})";
        const auto answer = client.Post(kConfigMaps, body, "application/json");
        status = answer ? answer->status : -1;
      });
      serve_until([&] { return connection.done(); });
    }
    EXPECT_EQ(status, 500);
    EXPECT_EQ(cluster.find(Kind::config_map, "default", "made") != nullptr, after_done);
  }
}

TEST_F(ServerTest, AdministratorsWaitWhileAProgramIsServed) {
  server->hold_administrators(true);
  std::atomic<int> status = 0;
  {
    const Connection connection(*server, [&](httplib::Client& client) {
      const auto answer = client.Get(kConfigMaps);
      status = answer ? answer->status : -1;
    });
    for (int turn = 0; turn < 20; ++turn) EXPECT_EQ(server->serve(cluster, milliseconds(5)), 0);
    server->hold_administrators(false);
    serve_until([&] { return connection.done(); });
  }
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace barnacle
