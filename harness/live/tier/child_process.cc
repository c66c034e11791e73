#include "harness/live/tier/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <system_error>
#include <utility>

#include "harness/scenario/file.h"

namespace barnacle {
namespace {

constexpr std::size_t kLargestOutput = std::size_t{16} << 20;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// An empty signal mask and default handlers: the program is not to inherit what the driver waits for.
struct SpawnSettings {
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  void open(int number, const std::string& path, int flags) {
    ::posix_spawn_file_actions_addopen(&actions, number, path.c_str(), flags, 0600);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::string text_of(const std::filesystem::path& file) {
  auto text = read_file(file.string(), kLargestOutput);
  return text ? std::move(*text) : std::string();
}

}  // namespace

std::expected<ChildProcess, std::string> ChildProcess::start(const Spec& spec) {
  // It ends with the driver, however that ends.
  std::vector<std::string> argv = {"/usr/bin/setpriv", "--pdeathsig", "KILL", "--"};
  argv.insert(argv.end(), spec.argv.begin(), spec.argv.end());
  std::vector<std::string> env;
  for (const auto& [name, value] : spec.env) env.push_back(name + "=" + value);
  SpawnSettings settings;
  constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
  settings.open(0, "/dev/null", O_RDONLY);
  settings.open(1, (spec.folder / "stdout").string(), kWrite);
  settings.open(2, (spec.folder / "stderr").string(), kWrite);
  pid_t process = -1;
  const int error = ::posix_spawn(&process, argv.front().c_str(), &settings.actions, &settings.attributes,
                                  pointers_to(argv).data(), pointers_to(env).data());
  if (error != 0) return std::unexpected(fmt::format("{}: {}", argv.front(), std::system_category().message(error)));
  return ChildProcess(process, spec.folder);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : process_(std::exchange(other.process_, -1)), folder_(std::move(other.folder_)), status_(other.status_) {}

ChildProcess::~ChildProcess() {
  if (process_ > 0 && !status_) kill();
}

std::optional<int> ChildProcess::ended() {
  int status = 0;
  if (!status_ && ::waitpid(process_, &status, WNOHANG) == process_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

void ChildProcess::kill() {
  if (status_) return;
  ::kill(-process_, SIGKILL);
  int status = 0;
  ::waitpid(process_, &status, 0);
  status_ = 128 + SIGKILL;
}

std::string ChildProcess::standard_output() const { return text_of(folder_ / "stdout"); }
std::string ChildProcess::standard_error() const { return text_of(folder_ / "stderr"); }

}  // namespace barnacle
