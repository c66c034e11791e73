#include "harness/live/api/server.h"

#include <fcntl.h>
#include <httplib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "harness/live/api/wire_object.h"
#include "sim/cluster/access.h"
#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"

namespace barnacle {
namespace api_detail {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestBody = std::size_t{8} << 20;
// Anything that httplib does not compress: its compressor would keep an event until more of them come.
constexpr const char* kWatchType = "application/json;stream=watch";
constexpr auto kWatchPatience = std::chrono::milliseconds(200);

// One open watch: lines for its client, and what the client knows by now.
struct Watch {
  WatchRequest wanted;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> known;  // namespace/name → uid, resource version
  bool begun = false;
  bool told_all = false;  // all that is watched is finished: nothing more will happen
  // Shared with the client's thread, under the server's lock.
  std::deque<std::string> lines;
  bool ended = false;  // by the server
  bool gone = false;   // the client's connection
};

struct Waiting {
  ApiRequest request;
  std::optional<ApiResponse> response;
  std::shared_ptr<Watch> watch;  // in place of a response
  bool dropped = false;
};

std::string line_of(const char* type, Json object) {
  return Json{{"type", type}, {"object", std::move(object)}}.dump(-1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

// An httplib server on a socket that somebody else has opened.
class Listener : public httplib::Server {
 public:
  void adopt(int socket) { svr_sock_ = socket; }
  bool owns() const { return svr_sock_ != INVALID_SOCKET; }
};

}  // namespace api_detail

using namespace api_detail;

struct ApiServer::State {
  struct Running {
    std::unique_ptr<Listener> listener;
    std::thread thread;
  };

  mutable std::mutex lock;
  std::condition_variable answered_one;
  std::deque<std::shared_ptr<Waiting>> queue;
  std::vector<std::shared_ptr<Watch>> watches;
  std::vector<AnsweredRequest> record;
  std::map<int, Running> listeners;
  std::uint16_t port = 0;
  int wake = -1;
  bool hold = false;
  bool closing = false;
  Clock::time_point last = Clock::now();

  void install(Listener& listener) {
    const auto handler = [this](const httplib::Request& from, httplib::Response& to) { take(from, to); };
    listener.Get(".*", handler);
    listener.Put(".*", handler);
    listener.Post(".*", handler);
    listener.Patch(".*", handler);
    listener.Delete(".*", handler);
    listener.set_payload_max_length(kLargestBody);
    listener.set_tcp_nodelay(true);
    listener.set_keep_alive_max_count(100'000);
    listener.set_keep_alive_timeout(30);
    listener.new_task_queue = [] { return new httplib::ThreadPool(16); };
  }

  // On a connection's thread: queues the request and waits for the driver.
  void take(const httplib::Request& from, httplib::Response& to) {
    auto waiting = std::make_shared<Waiting>();
    waiting->request = parse_target(from.target);
    waiting->request.method = from.method;
    waiting->request.content_type = from.get_header_value("Content-Type");
    waiting->request.accept = from.get_header_value("Accept");
    waiting->request.user_agent = from.get_header_value("User-Agent");
    waiting->request.body = from.body;
    std::unique_lock guard(lock);
    queue.push_back(waiting);
    ring();
    answered_one.wait(guard, [&] { return waiting->response || waiting->watch || waiting->dropped || closing; });
    if (waiting->watch) {
      stream(waiting->watch, to);
      return;
    }
    if (!waiting->response) waiting->response = error_response({503, "ServiceUnavailable", "the server is ending"});
    to.status = waiting->response->status;
    to.set_content(waiting->response->body, waiting->response->content_type);
  }

  void stream(const std::shared_ptr<Watch>& watch, httplib::Response& to) {
    to.set_chunked_content_provider(
        kWatchType,
        [this, watch](std::size_t, httplib::DataSink& sink) {
          std::deque<std::string> lines;
          bool over = false;
          {
            std::unique_lock guard(lock);
            answered_one.wait_for(guard, kWatchPatience,
                                  [&] { return !watch->lines.empty() || watch->ended || closing; });
            lines.swap(watch->lines);
            over = watch->ended || closing;
          }
          for (const std::string& line : lines) {
            if (!sink.write(line.data(), line.size())) return false;
          }
          if (!lines.empty()) note_activity();
          if (over) sink.done();
          return over || sink.is_writable();
        },
        [this, watch](bool) {
          const std::scoped_lock guard(lock);
          watch->gone = true;
          ring();
        });
  }

  void note_activity() {
    const std::scoped_lock guard(lock);
    last = Clock::now();
  }

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake, &one, sizeof one);
  }

  bool ready_locked() const {
    return std::ranges::any_of(queue, [&](const auto& waiting) { return may_answer(*waiting); });
  }
  bool may_answer(const Waiting& waiting) const { return !hold || !waiting.request.account.administrator(); }

  std::shared_ptr<Waiting> next() {
    const std::scoped_lock guard(lock);
    const auto found = std::ranges::find_if(queue, [&](const auto& waiting) { return may_answer(*waiting); });
    if (found == queue.end()) return nullptr;
    auto waiting = *found;
    queue.erase(found);
    return waiting;
  }
};

ApiServer::ApiServer() : state_(std::make_unique<State>()) {}

std::expected<std::unique_ptr<ApiServer>, std::string> ApiServer::start() {
  std::unique_ptr<ApiServer> server(new ApiServer);
  State& state = *server->state_;
  state.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  auto listener = std::make_unique<Listener>();
  state.install(*listener);
  const int port = listener->bind_to_any_port("127.0.0.1");
  if (port <= 0 || state.wake < 0) return std::unexpected(std::string("no port of 127.0.0.1 can be listened on"));
  state.port = static_cast<std::uint16_t>(port);
  Listener* const running = listener.get();
  state.listeners[-1] = {std::move(listener), std::thread([running] { running->listen_after_bind(); })};
  return server;
}

ApiServer::~ApiServer() {
  {
    const std::scoped_lock guard(state_->lock);
    state_->closing = true;
  }
  state_->answered_one.notify_all();
  while (!state_->listeners.empty()) stop_listening(state_->listeners.begin()->first);
  if (state_->wake >= 0) ::close(state_->wake);
}

int ApiServer::port() const { return state_->port; }

void ApiServer::listen_on(int socket) {
  auto listener = std::make_unique<Listener>();
  state_->install(*listener);
  ::fcntl(socket, F_SETFL, 0);  // its thread sleeps in accept(): on a socket that does not block it would spin
  listener->adopt(socket);
  Listener* const running = listener.get();
  state_->listeners[socket] = {std::move(listener), std::thread([running] { running->listen_after_bind(); })};
}

void ApiServer::stop_listening(int number) {
  const auto found = state_->listeners.find(number);
  if (found == state_->listeners.end()) return;
  // stop() counts only once the thread has begun to listen.
  while (!found->second.listener->is_running() && found->second.listener->owns()) std::this_thread::yield();
  found->second.listener->stop();
  found->second.thread.join();
  state_->listeners.erase(found);
}

namespace {

// What changed in the cluster since the watcher was last told.
std::deque<std::string> news_for(Watch& watch, const Cluster& cluster) {
  std::deque<std::string> lines;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> present;
  int unfinished = 0;
  for (const ObjectPtr& object : cluster.of_kind(watch.wanted.kind)) {
    const WatchRequest& wanted = watch.wanted;
    if ((!wanted.namespace_.empty() && object->namespace_ != wanted.namespace_) ||
        (!wanted.name.empty() && object->name != wanted.name) || !includes(object->labels, wanted.selector))
      continue;
    const std::string key = object->namespace_ + "/" + object->name;
    present[key] = {object->uid, object->resource_version};
    if (watch.wanted.kind == Kind::job && job_status(*object).condition.empty()) ++unfinished;
    const auto known = watch.known.find(key);
    if (!watch.begun && !wanted.initial_events && object->resource_version <= wanted.from) continue;
    if (known == watch.known.end() || known->second.first != object->uid)
      lines.push_back(line_of("ADDED", wire_object(cluster, *object)));
    else if (known->second.second != object->resource_version)
      lines.push_back(line_of("MODIFIED", wire_object(cluster, *object)));
  }
  for (const auto& [key, version] : watch.known) {
    if (present.contains(key)) continue;
    const std::size_t slash = key.find('/');
    Json metadata = {{"name", key.substr(slash + 1)}, {"resourceVersion", std::to_string(newest_version(cluster))}};
    if (slash > 0) metadata["namespace"] = key.substr(0, slash);
    lines.push_back(line_of("DELETED", {{"apiVersion", api_version(watch.wanted.kind)},
                                        {"kind", kind_name(watch.wanted.kind)},
                                        {"metadata", metadata}}));
  }
  if (!watch.begun && watch.wanted.initial_events) {
    const Json metadata = {{"resourceVersion", std::to_string(newest_version(cluster))},
                           {"annotations", {{"k8s.io/initial-events-end", "true"}}}};
    lines.push_back(line_of("BOOKMARK", {{"apiVersion", api_version(watch.wanted.kind)},
                                         {"kind", kind_name(watch.wanted.kind)},
                                         {"metadata", metadata}}));
  }
  watch.begun = true;
  watch.told_all = watch.told_all || (watch.wanted.kind == Kind::job && !present.empty() && unfinished == 0);
  watch.known = std::move(present);
  return lines;
}

}  // namespace

int ApiServer::serve(Cluster& cluster, std::chrono::milliseconds wait) {
  State& state = *state_;
  {
    std::unique_lock guard(state.lock);
    if (!state.ready_locked() && wait.count() > 0) {
      guard.unlock();
      pollfd poll_for{.fd = state.wake, .events = POLLIN, .revents = 0};
      (void)::poll(&poll_for, 1, static_cast<int>(wait.count()));
    }
  }
  std::uint64_t rung = 0;
  [[maybe_unused]] const ssize_t drained = ::read(state.wake, &rung, sizeof rung);
  int count = 0;
  while (const std::shared_ptr<Waiting> waiting = state.next()) {
    const ApiRequest& request = waiting->request;
    const std::optional<ApiInterference> fault = interfere ? interfere(request) : std::nullopt;
    std::optional<ApiResponse> response;
    std::shared_ptr<Watch> watch;
    if (fault) {
      if (fault->after_done) (void)handle(cluster, request);
      response = error_response(fault->error);
    } else if (const auto wanted = watch_of(request)) {
      const bool allowed = request.account.administrator() ||
                           cluster.allowed(request.account, "watch", wanted->kind, wanted->namespace_);
      if (allowed) {
        watch = std::make_shared<Watch>();
        watch->wanted = *wanted;
      } else response = error_response({403, "Forbidden", "watch is not allowed"});
    } else {
      response = handle(cluster, request);
    }
    const int status = response ? response->status : 200;
    if (response && !fault && heard) heard(request, *response);
    {
      const std::scoped_lock guard(state.lock);
      state.record.push_back({request.method, request.path, request.account, status});
      state.last = Clock::now();
      if (watch) state.watches.push_back(watch);
      waiting->watch = watch;
      waiting->response = std::move(response);
    }
    state.answered_one.notify_all();
    ++count;
  }
  std::vector<std::shared_ptr<Watch>> watches;
  {
    const std::scoped_lock guard(state.lock);
    std::erase_if(state.watches, [](const auto& watch) { return watch->gone; });
    watches = state.watches;
  }
  for (const auto& watch : watches) {
    std::deque<std::string> lines = news_for(*watch, cluster);
    if (lines.empty()) continue;
    const std::scoped_lock guard(state.lock);
    std::ranges::move(lines, std::back_inserter(watch->lines));
    state.last = Clock::now();
    state.answered_one.notify_all();
  }
  return count;
}

ApiResponse ApiServer::ask(Cluster& cluster, const ApiRequest& request) {
  const std::optional<ApiInterference> fault = interfere ? interfere(request) : std::nullopt;
  if (fault && fault->after_done) (void)handle(cluster, request);
  ApiResponse response = fault ? error_response(fault->error) : handle(cluster, request);
  if (!fault && heard) heard(request, response);
  const std::scoped_lock guard(state_->lock);
  state_->record.push_back({request.method, request.path, request.account, response.status});
  return response;
}

void ApiServer::hold_administrators(bool hold) {
  const std::scoped_lock guard(state_->lock);
  state_->hold = hold;
}

bool ApiServer::has_request() const {
  const std::scoped_lock guard(state_->lock);
  return state_->ready_locked();
}

bool ApiServer::has_watch() const {
  const std::scoped_lock guard(state_->lock);
  return std::ranges::any_of(state_->watches, [](const auto& watch) { return !watch->gone && !watch->told_all; });
}

std::chrono::milliseconds ApiServer::quiet_for() const {
  const std::scoped_lock guard(state_->lock);
  const bool telling =
      std::ranges::any_of(state_->watches, [](const auto& watch) { return !watch->gone && !watch->lines.empty(); });
  if (telling) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - state_->last);
}

int ApiServer::ready_fd() const { return state_->wake; }

const std::vector<AnsweredRequest>& ApiServer::answered() const { return state_->record; }

void ApiServer::reset() {
  const std::scoped_lock guard(state_->lock);
  for (const auto& watch : state_->watches) watch->ended = true;
  for (const auto& waiting : state_->queue) waiting->dropped = true;
  state_->watches.clear();
  state_->queue.clear();
  state_->record.clear();
  state_->hold = false;
  state_->answered_one.notify_all();
}

}  // namespace barnacle
