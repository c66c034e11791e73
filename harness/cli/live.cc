#include "harness/cli/live.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "harness/cli/catalogue.h"
#include "harness/cli/output.h"
#include "harness/live/sandbox/sandbox.h"
#include "harness/live/subject/folder_writer.h"
#include "harness/live/tier/descriptor.h"
#include "harness/live/tier/live_tier.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLive = "live:";

// Goes with all that is in it.
class WorkFolder {
 public:
  static std::expected<std::shared_ptr<const WorkFolder>, std::string> make() {
    const char* given = std::getenv("TMPDIR");
    const fs::path place = given != nullptr && *given != '\0' ? given : "/tmp";
    sweep(place);
    std::string name = (place / (std::string(kPrefix) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) return std::unexpected(name + ": cannot be made");
    fs::permissions(name, fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
    return std::make_shared<const WorkFolder>(name);
  }
  explicit WorkFolder(std::string path) : path_(std::move(path)), lock_(locked(path_)) {}
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  static constexpr std::string_view kPrefix = "barnacle-live-";

  // A driver holds the lock on its folder's file for as long as it lives; nobody passes it on.
  static Descriptor locked(const fs::path& folder) {
    Descriptor file(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    return file.valid() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0 ? std::move(file) : Descriptor();
  }

  // Removes what drivers left that were killed.
  static void sweep(const fs::path& place) {
    std::error_code error;
    std::vector<fs::path> dead;
    for (const fs::directory_entry& entry : fs::directory_iterator(place, error)) {
      struct ::stat status{};
      const bool ours = entry.path().filename().string().starts_with(kPrefix) &&
                        ::lstat(entry.path().c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                        status.st_uid == ::geteuid();
      // One that has just been made has no lock yet, and a trial of the sandbox never has.
      const bool fresh = ::time(nullptr) - status.st_mtim.tv_sec < 60;
      if (ours && (fs::exists(entry.path() / "lock", error) || !fresh)) dead.push_back(entry.path());
    }
    for (const fs::path& folder : dead) {
      if (const Descriptor lock = locked(folder); lock.valid()) fs::remove_all(folder, error);
    }
  }

  std::string path_;
  Descriptor lock_;
};

bool uses_tomlq(const LiveSubject& subject) {
  return std::ranges::any_of(subject.images,
                             [](const LiveImage& image) { return std::ranges::count(image.tools, "tomlq") > 0; });
}

// What ci/setup-live made: named by BARNACLE_LIVE_TOOLS, else in the source folder that this was built from.
std::expected<LiveTools, std::string> find_tools(const LiveSubject& subject) {
  const char* given = std::getenv("BARNACLE_LIVE_TOOLS");
  const fs::path folder =
      given != nullptr && *given != '\0' ? fs::path(given) : fs::path(BARNACLE_SOURCE_DIR) / "build/live";
  const LiveTools tools{.helm3 = folder / "helm3/helm",
                        .helm4 = folder / "helm4/helm",
                        .kubectl = folder / "helm3/kubectl",
                        .venv = folder / "venv"};
  std::vector<fs::path> all = {tools.helm3, tools.helm4, tools.kubectl};
  if (uses_tomlq(subject)) all.push_back(tools.venv / "bin/tomlq");
  for (const fs::path& needed : all) {
    if (::access(needed.c_str(), X_OK) == 0) continue;
    return std::unexpected(
        fmt::format("{} is not there: run ci/setup-live, or name its folder in BARNACLE_LIVE_TOOLS", needed.string()));
  }
  return tools;
}

// Beside the tools where that can be written, else the user's own.
fs::path cache_folder(const LiveTools& tools) {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (xdg != nullptr && *xdg != '\0') return fs::path(xdg) / "barnacle";
  const fs::path folder = tools.venv.parent_path();
  if (::access(folder.c_str(), W_OK) == 0) return folder / "cache";
  return fs::path(home != nullptr ? home : "/tmp") / ".cache/barnacle";
}

// The tree as an image has it, whatever became of its modes and dates where it was kept.
std::expected<void, std::string> take_payload(LiveSubject& subject, const std::string& payloads, const fs::path& work) {
  const fs::path tree = fs::path(payloads) / subject.version;
  const auto payload = load_payload(tree.string(), subject.version, subject.date);
  if (!payload) return std::unexpected(fmt::format("{}: {}", payload.error().path, payload.error().what));
  auto writer = FolderWriter::begin(work / "payload");
  if (!writer) return std::unexpected(writer.error());
  if (const auto done = writer->write_payload(**payload, "opt/kata"); !done) return done;
  for (LiveImage& image : subject.images) image.payload = work / "payload";
  return writer->finish(subject.date);
}

}  // namespace

bool is_live(std::string_view subject) { return subject.starts_with(kLive); }

std::expected<void, std::string> add_live_subject(Catalogue& catalogue, const std::string& subject,
                                                  const LiveChoices& choices) {
  auto loaded = load_live_subject(fs::absolute(subject.substr(kLive.size())));
  if (!loaded) return std::unexpected(loaded.error());
  const auto tools = find_tools(*loaded);
  if (!tools) return std::unexpected(tools.error());
  if (const auto supported = sandbox_supported(); !supported) return std::unexpected(supported.error());
  const auto work = WorkFolder::make();
  if (!work) return std::unexpected(work.error());
  if (!choices.payloads.empty()) {
    if (const auto taken = take_payload(*loaded, choices.payloads, (*work)->path()); !taken) return taken;
  }
  auto made = live_version(*loaded, catalogue.versions);
  if (!made) return std::unexpected(made.error());
  auto version = std::make_shared<Version>(**made);
  version->name = subject;
  std::vector<Time>& dates = catalogue.versions.payload_dates;
  dates.insert(std::ranges::upper_bound(dates, loaded->date), loaded->date);
  catalogue.versions.versions[subject] = version;
  const auto live = std::make_shared<const LiveSubject>(std::move(*loaded));
  const auto gate = std::getenv("BARNACLE_NO_GATE") != nullptr ? std::unexpected(std::string("BARNACLE_NO_GATE is set"))
                                                               : gate_supported();
  if (!gate) note(fmt::format("there is no effect gate: {}. Faults strike between commands", gate.error()));
  const LiveOptions options{.tools = *tools,
                            .work = (*work)->path(),
                            .fast = choices.fast,
                            .cache = cache_folder(*tools),
                            .gate = gate.has_value()};
  catalogue.make_tier = [work = *work, make = live_tier(live, version, options)](Lab& lab) { return make(lab); };
  return {};
}

std::expected<std::unique_ptr<const Catalogue>, std::string> load_catalogue_with(const std::string& fixtures,
                                                                                 const std::string& subject,
                                                                                 const LiveChoices& choices) {
  auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return std::unexpected(catalogue.error());
  if (is_live(subject)) {
    if (const auto added = add_live_subject(**catalogue, subject, choices); !added)
      return std::unexpected(added.error());
  }
  return std::move(*catalogue);
}

}  // namespace barnacle
