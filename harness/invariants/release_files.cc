#include "harness/invariants/release_files.h"

#include <algorithm>
#include <map>

#include "harness/invariants/node_results.h"

namespace barnacle {
namespace {

struct PlacesOfRelease {
  std::vector<PlaceOfRelease> fixed;
  std::string binaries;                                           // the folder of its wrappers
  std::map<std::string, PlaceOfRelease, std::less<>> wrappers{};  // by name, as they are met
};

struct PlacesMemory {
  HashMap<std::unique_ptr<PlacesOfRelease>> of;  // by settings
};

const Blob* pristine_of(Store& store, const Settings& settings, const std::string& path) {
  if (!is_below(path, settings.destination())) return nullptr;
  const Payload& payload = *settings.version->payload;
  const std::string_view below = std::string_view(path).substr(settings.destination().size() + 1);
  const auto entry = std::ranges::find(payload.entries, below, &PayloadEntry::path);
  if (entry == payload.entries.end() || entry->kind != FileKind::file) return nullptr;
  return payload_tree(store, payload).nodes[static_cast<std::size_t>(entry - payload.entries.begin())]->blob;
}

PlacesOfRelease places_of(Store& store, const Settings& settings) {
  PlacesOfRelease places{.fixed = {}, .binaries = settings.destination() + "/bin"};
  for (const std::string& shim : settings.shims) {
    const std::string path = settings.configuration(shim);
    places.fixed.push_back({.path = path, .shim = shim, .pristine = pristine_of(store, settings, path)});
  }
  places.fixed.push_back({.path = settings.drop_in()});
  places.fixed.push_back({.path = "/etc/crio/crio.conf.d/" + settings.with_suffix("99-kata-deploy")});
  return places;
}

PlaceOfRelease& wrapper_at(Store& store, const Settings& settings, PlacesOfRelease& places, const std::string& name) {
  const auto known = places.wrappers.find(name);
  if (known != places.wrappers.end()) return known->second;
  PlaceOfRelease place{.path = join(places.binaries, name)};
  place.pristine = pristine_of(store, settings, place.path);
  return places.wrappers.emplace(name, std::move(place)).first->second;
}

std::vector<FileOfRelease> files_of(Store& store, const FileTree& files, const Settings& settings) {
  auto& known = store.attachment<PlacesMemory>().of[settings.hash];
  if (!known) known = std::make_unique<PlacesOfRelease>(places_of(store, settings));
  PlacesOfRelease& places = *known;
  std::vector<FileOfRelease> found;
  const auto add = [&](PlaceOfRelease& place) {
    const auto text = files.read(place.path);
    if (!text) return;
    auto& reading = place.readings[*text];
    if (!reading) reading = std::make_unique<Reading>();
    found.push_back({place, *text, *reading});
  };
  for (PlaceOfRelease& place : places.fixed) add(place);
  const auto binaries = files.find(places.binaries);
  if (!binaries) return found;
  for (const Child& child : (*binaries)->children) {
    if (child.name->contains("-installation-prefix")) add(wrapper_at(store, settings, places, *child.name));
  }
  return found;
}

}  // namespace

const FilesOfReleases& files_on(const NodeView& node) {
  auto& files = node.results.files;
  if (files) return *files;
  files.emplace();
  for (const Served* served : node.served) {
    files->push_back(files_of(node.lab.store, node.host.host.files, *served->settings));
  }
  return *files;
}

}  // namespace barnacle
