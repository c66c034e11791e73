#include "harness/cli/live.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "harness/cli/catalogue.h"
#include "harness/live/sandbox/sandbox.h"
#include "harness/live/subject/folder_writer.h"
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
    std::string name = fmt::format("{}/barnacle-live-XXXXXX", given != nullptr && *given != '\0' ? given : "/tmp");
    if (::mkdtemp(name.data()) == nullptr) return std::unexpected(name + ": cannot be made");
    fs::permissions(name, fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
    return std::make_shared<const WorkFolder>(name);
  }
  explicit WorkFolder(std::string path) : path_(std::move(path)) {}
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
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
                                                  const std::string& payloads) {
  auto loaded = load_live_subject(fs::absolute(subject.substr(kLive.size())));
  if (!loaded) return std::unexpected(loaded.error());
  const auto tools = find_tools(*loaded);
  if (!tools) return std::unexpected(tools.error());
  if (const auto supported = sandbox_supported(); !supported) return std::unexpected(supported.error());
  const auto work = WorkFolder::make();
  if (!work) return std::unexpected(work.error());
  if (!payloads.empty()) {
    if (const auto taken = take_payload(*loaded, payloads, (*work)->path()); !taken) return taken;
  }
  auto made = live_version(*loaded, catalogue.versions);
  if (!made) return std::unexpected(made.error());
  auto version = std::make_shared<Version>(**made);
  version->name = subject;
  std::vector<Time>& dates = catalogue.versions.payload_dates;
  dates.insert(std::ranges::upper_bound(dates, loaded->date), loaded->date);
  catalogue.versions.versions[subject] = version;
  const auto live = std::make_shared<const LiveSubject>(std::move(*loaded));
  catalogue.make_tier = [work = *work, make = live_tier(live, version, {*tools, (*work)->path()})](Lab& lab) {
    return make(lab);
  };
  return {};
}

std::expected<std::unique_ptr<const Catalogue>, std::string> load_catalogue_with(const std::string& fixtures,
                                                                                 const std::string& subject) {
  auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return std::unexpected(catalogue.error());
  if (is_live(subject)) {
    if (const auto added = add_live_subject(**catalogue, subject); !added) return std::unexpected(added.error());
  }
  return std::move(*catalogue);
}

}  // namespace barnacle
