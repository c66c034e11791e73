// Which files containerd reads: config.toml, what it imports, and what those import.
#include <fnmatch.h>

#include <algorithm>

#include "sim/host/runtime_load.h"

namespace barnacle {
namespace {

constexpr const char* kContainerdMain = "/etc/containerd/config.toml";

LoadError not_loaded(const std::string& path, std::string_view why) {
  return {path, "failed to load TOML: " + path + ": " + std::string(why)};
}

// "no such file or directory", as Go spells strerror's texts.
std::string lower_case(std::string_view text) {
  std::string lower(text);
  if (!lower.empty() && lower[0] >= 'A' && lower[0] <= 'Z') lower[0] = static_cast<char>(lower[0] - 'A' + 'a');
  return lower;
}

// As filepath.Clean: no doubled slashes, no ".", ".." taken out as text.
std::string clean(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t next = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, next - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    at = next + 1;
  }
  std::string cleaned;
  for (const std::string_view part : parts) cleaned.append("/").append(part);
  return cleaned.empty() ? "/" : cleaned;
}

// As filepath.Glob: patterns in any part of the path, matches sorted, a name's leading dot is nothing special.
std::vector<std::string> glob(Looker& files, const std::string& pattern) {
  std::vector<std::string> found = {"/"};
  for (std::size_t at = 1; at < pattern.size();) {
    const std::size_t next = std::min(pattern.find('/', at), pattern.size());
    const std::string part = pattern.substr(at, next - at);
    std::vector<std::string> deeper;
    for (const std::string& path : found) {
      const auto folder = files.find(path);
      if (!folder) continue;
      for (const Child& child : (*folder)->children) {
        if (fnmatch(part.c_str(), child.name->c_str(), 0) == 0) deeper.push_back(join(path, *child.name));
      }
    }
    found = std::move(deeper);
    at = next + 1;
  }
  return found;
}

// containerd globs a path with a '*' in it; any other must be there.
void add_import(Looker& files, const std::string& importer, const std::string& named,
                std::vector<std::string>& pending) {
  const std::string path = clean(named.starts_with('/') ? named : join(parent_path(importer), named));
  if (path.find('*') == std::string::npos) {
    pending.push_back(path);
  } else {
    std::ranges::move(glob(files, path), std::back_inserter(pending));
  }
}

}  // namespace

std::expected<ConfigSources, LoadError> containerd_sources(Looker& files) {
  ConfigSources sources;
  std::vector<std::string> pending;
  if (files.read(kContainerdMain) != std::unexpected(Errno::enoent)) pending.emplace_back(kContainerdMain);
  for (std::size_t next = 0; next < pending.size(); ++next) {
    const std::string path = pending[next];
    if (std::ranges::count(sources, path, &ConfigSource::path) != 0) continue;
    const auto blob = files.read(path);
    if (!blob) return std::unexpected(not_loaded(path, lower_case(message(blob.error()))));
    const auto& config = parse_toml(files.store(), *blob);
    if (!config) {
      return std::unexpected(
          not_loaded(path, "line " + std::to_string(config.error().line) + ": " + config.error().what));
    }
    constexpr DecodedKey kImports[] = {{"imports", TomlKind::strings}};
    if (std::string wrong = wrong_type(*config, kImports, ""); !wrong.empty())
      return std::unexpected(not_loaded(path, wrong));
    sources.push_back({path, *blob});
    const TomlValue* imports = config->get("imports");
    if (imports == nullptr) continue;
    for (const TomlValue& import : imports->array()) add_import(files, path, import.string(), pending);
  }
  return sources;
}

}  // namespace barnacle
