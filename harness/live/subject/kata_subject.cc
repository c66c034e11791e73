#include "harness/live/subject/kata_subject.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "harness/live/api/yaml.h"
#include "harness/live/subject/folder_writer.h"
#include "harness/live/subject/subject.h"
#include "harness/live/subject/template_values.h"
#include "harness/scenario/file.h"
#include "sim/base/dates.h"
#include "sim/base/text.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;
using Failure = std::unexpected<std::string>;
using Done = std::expected<void, std::string>;

constexpr std::string_view kFirstVersion = "3.12.0";
constexpr std::string_view kFirstVersionWithoutScript = "3.26.0";
constexpr const char* kPackaging = "tools/packaging/kata-deploy";
constexpr const char* kChart = "tools/packaging/kata-deploy/helm-chart/kata-deploy";
constexpr const char* kImage = "image";
constexpr std::string_view kConfigurations = "share/defaults/kata-containers";
constexpr std::string_view kTemplate = ".in";
// What every checkout has.
constexpr const char* kNeeded[] = {"tools/packaging/kata-deploy/scripts/kata-deploy.sh",
                                   "tools/packaging/kata-deploy/helm-chart/kata-deploy/Chart.yaml",
                                   "src/runtime/config", "src/runtime-rs/config"};
// Folders that the image has beside the payload, where the checkout has them.
constexpr const char* kImageFolders[] = {"scripts", "runtimeclasses", "nydus-snapshotter", "node-feature-rules"};

// One row per folder of templates.
struct TemplateFolder {
  const char* folder;
  TemplateTree tree;
  const char* below;  // where its configurations are in the payload, below kConfigurations
};
constexpr TemplateFolder kTemplateFolders[] = {{"src/runtime/config", TemplateTree::go, ""},
                                               {"src/runtime-rs/config", TemplateTree::rust, "runtime-rs"}};

constexpr std::string_view kSubjectText = R"(# Made by barnacle subject kata.
name = "kata-deploy"
version = "{version}"
date = "{date}"
chart = "chart"
settings = "{settings}"
settled = "sleep infinity"
roots = ["/opt/kata{{suffix}}", "/etc/containerd", "/etc/crio"]
suffix = "MULTI_INSTALL_SUFFIX"

[[image]]
name = "*/kata-deploy*"
roots = ["image"]
tools = ["kubectl", "tomlq"]
)";

class Maker {
 public:
  Maker(const KataSubjectOptions& options, const VersionLibrary& presets) : options_(options), presets_(presets) {}

  std::expected<KataSubject, std::string> make() {
    for (const auto step :
         {&Maker::check_source, &Maker::settle_version, &Maker::settle_date, &Maker::load_payload_tree}) {
      if (Done done = (this->*step)(); !done) return Failure(done.error());
    }
    auto begun = FolderWriter::begin(options_.out);
    if (!begun) return Failure(begun.error());
    writer_ = &*begun;
    for (const auto step :
         {&Maker::write_payload, &Maker::copy_image_folders, &Maker::copy_chart, &Maker::write_subject}) {
      if (Done done = (this->*step)(); !done) return Failure(done.error());
    }
    if (Done done = begun->finish(made_.date); !done) return Failure(done.error());
    return made_;
  }

 private:
  Done check_source() {
    for (const char* needed : kNeeded) {
      std::error_code error;
      if (!fs::exists(options_.source / needed, error))
        return Failure(fmt::format("{}: is no checkout of kata-containers with a script: there is no {}",
                                   options_.source.string(), needed));
    }
    return {};
  }

  Done settle_version() {
    const fs::path file = options_.source / "VERSION";
    const auto text = read_file(file.string());
    if (!text) return Failure(fmt::format("{}: {}", file.string(), text.error().what));
    made_.version = text->substr(0, text->find_first_of(" \t\r\n"));
    if (!options_.version.empty() && made_.version != options_.version)
      return Failure(fmt::format("{}: the checkout is of version '{}', and not of {}", file.string(), made_.version,
                                 options_.version));
    if (compare_versions(made_.version, kFirstVersion) < 0 ||
        compare_versions(made_.version, kFirstVersionWithoutScript) >= 0)
      return Failure(fmt::format("{}: '{}' is no version from {} to before {}, whose deploy logic is a script",
                                 file.string(), made_.version, kFirstVersion, kFirstVersionWithoutScript));
    return {};
  }

  // The newest preset of upstream's that is not newer: what its pods' variables mean has not changed since.
  const Version* nearest_preset() const {
    const Version* best = nullptr;
    for (const auto& [name, version] : presets_.versions) {
      const bool upstreams = name == version->deploy.version && !version->reference && !version->planted;
      if (!upstreams || compare_versions(name, made_.version) > 0) continue;
      if (best == nullptr || compare_versions(best->name, name) < 0) best = version.get();
    }
    return best;
  }

  Done settle_date() {
    const Version* preset = nearest_preset();
    if (preset == nullptr) return Failure(fmt::format("there is no version preset for {}", made_.version));
    made_.settings = preset->name;
    if (options_.date) {
      made_.date = *options_.date;
    } else if (preset->name == made_.version) {
      made_.date = preset->date;
    } else {
      struct ::stat status{};
      const fs::path file = options_.source / "VERSION";
      if (::stat(file.c_str(), &status) != 0) return Failure(fmt::format("{}: has no date", file.string()));
      constexpr Time kDay = 24 * 60 * 60;
      made_.date = static_cast<Time>(status.st_mtime) / kDay * kDay;
    }
    return {};
  }

  Done load_payload_tree() {
    const bool given = !options_.payload.empty();
    auto loaded = load_payload((given ? options_.payload : options_.stand_ins).string(), made_.version, made_.date);
    if (!loaded) return Failure(fmt::format("{}: {}", loaded.error().path, loaded.error().what));
    payload_ = **loaded;
    return given ? Done{} : fill_templates();
  }

  // Of the tree of stand-ins, its configurations give way to the checkout's own.
  Done fill_templates() {
    const auto values = TemplateValues::load(options_.variables, made_.version);
    if (!values) return Failure(values.error());
    std::erase_if(payload_.entries, [](const PayloadEntry& entry) {
      return entry.kind == FileKind::file && entry.path.starts_with(kConfigurations);
    });
    made_.stand_ins = static_cast<int>(std::ranges::count(payload_.entries, FileKind::file, &PayloadEntry::kind));
    for (const TemplateFolder& row : kTemplateFolders) {
      const auto files = list_folder(options_.source / row.folder);
      if (!files) return Failure((options_.source / row.folder).string() + ": " + files.error().what);
      for (const fs::path& file : *files) {
        const std::string name = file.filename().string();
        if (!name.ends_with(std::string(".toml") + std::string(kTemplate))) continue;
        const auto text = read_file(file.string());
        if (!text) return Failure(fmt::format("{}: {}", file.string(), text.error().what));
        const fs::path place = fs::path(kConfigurations) / row.below / name.substr(0, name.size() - kTemplate.size());
        payload_.entries.push_back({.path = place.string(), .text = values->fill(*text, row.tree)});
        ++made_.configurations;
      }
    }
    if (made_.configurations == 0)
      return Failure(fmt::format("{}: there is no configuration template in it", options_.source.string()));
    return {};
  }

  Done write_payload() { return writer_->write_payload(payload_, fs::path(kImage) / kArtefacts / "opt/kata"); }

  Done copy_image_folders() {
    for (const char* folder : kImageFolders) {
      const fs::path from = options_.source / kPackaging / folder;
      std::error_code error;
      if (!fs::is_directory(from, error)) continue;
      if (Done done = writer_->copy(from, fs::path(kImage) / kArtefacts / folder); !done) return done;
    }
    return {};
  }

  Done copy_chart() {
    if (Done done = writer_->copy(options_.source / kChart, "chart"); !done) return done;
    return add_missing_subcharts();
  }

  // Helm refuses a chart whose dependencies are not there, switched off or not.
  Done add_missing_subcharts() {
    const fs::path file = options_.source / kChart / "Chart.yaml";
    const auto text = read_file(file.string());
    if (!text) return Failure(fmt::format("{}: {}", file.string(), text.error().what));
    const auto documents = documents_from_yaml(*text);
    if (!documents || documents->size() != 1 || !documents->front().is_object())
      return Failure(fmt::format("{}: is no chart", file.string()));
    const nlohmann::json dependencies = documents->front().value("dependencies", nlohmann::json::array());
    for (const nlohmann::json& dependency : dependencies) {
      const std::string name = dependency.value("name", "");
      std::error_code error;
      if (name.empty() || name.contains('/') || fs::exists(options_.source / kChart / "charts" / name, error)) continue;
      // "~0.18.0" is satisfied by 0.18.0.
      std::string version = dependency.value("version", "0.0.0");
      version.erase(0, std::min(version.find_first_of("0123456789"), version.size()));
      const std::string empty = fmt::format("apiVersion: v2\nname: {}\nversion: {}\n", name, version);
      if (Done done = writer_->write(fs::path("chart/charts") / name / "Chart.yaml", empty); !done) return done;
    }
    return {};
  }

  Done write_subject() {
    return writer_->write(kSubjectFile,
                          fmt::format(fmt::runtime(kSubjectText), fmt::arg("version", made_.version),
                                      fmt::arg("date", date_text(made_.date)), fmt::arg("settings", made_.settings)));
  }

  const KataSubjectOptions& options_;
  const VersionLibrary& presets_;
  FolderWriter* writer_ = nullptr;
  Payload payload_;
  KataSubject made_;
};

}  // namespace

std::expected<KataSubject, std::string> make_kata_subject(const KataSubjectOptions& options,
                                                          const VersionLibrary& presets) {
  return Maker(options, presets).make();
}

}  // namespace barnacle
