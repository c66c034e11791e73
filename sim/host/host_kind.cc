// Kinds of nodes as TOML files: fixtures/hosts/NAME.toml.
//
//   title = "…"   runtime = "containerd://2.0.4"
//   [[directory]] path, mode          [[file]] path, mode, text
//   [[link]] path, target             [[unit]] name, enabled, active
//
// Modes are octal integers (0o755). Folders on the way to an entry are made (0755), so are /run and /tmp. The runtime's
// unit and kubelet's need no [[unit]]: they are enabled and run.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "sim/host/host.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

constexpr Time kMade = 1735689600;  // 2025-01-01T00:00:00Z, before every payload

enum class Needs : std::uint8_t { yes, no };
enum class Form : std::uint8_t { text, path, mode, flag, tables };

struct Key {
  std::string_view name;
  Form form;
  Needs needed;
};

constexpr Key kKindKeys[] = {
    {"title", Form::text, Needs::yes}, {"runtime", Form::text, Needs::yes}, {"directory", Form::tables, Needs::no},
    {"file", Form::tables, Needs::no}, {"link", Form::tables, Needs::no},   {"unit", Form::tables, Needs::no},
};
constexpr Key kDirectoryKeys[] = {{"path", Form::path, Needs::yes}, {"mode", Form::mode, Needs::no}};
constexpr Key kFileKeys[] = {
    {"path", Form::path, Needs::yes}, {"mode", Form::mode, Needs::no}, {"text", Form::text, Needs::yes}};
constexpr Key kLinkKeys[] = {{"path", Form::path, Needs::yes}, {"target", Form::text, Needs::yes}};
constexpr Key kUnitKeys[] = {
    {"name", Form::text, Needs::yes}, {"enabled", Form::flag, Needs::no}, {"active", Form::flag, Needs::no}};

using Problem = std::optional<HostKindError>;

// How many single-character edits lead from one word to the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[to.size()];
}

std::string_view nearest(std::span<const Key> keys, std::string_view word) {
  const auto distance = [&](const Key& key) { return edit_distance(word, key.name); };
  return std::ranges::min_element(keys, {}, distance)->name;
}

bool is_mode(const TomlValue& value) {
  const auto* number = std::get_if<std::int64_t>(&value.value);
  return number != nullptr && *number >= 0 && *number <= 07777;
}

// What the value should be and is not; empty when it is.
std::string_view wrong_form(const TomlValue& value, Form form) {
  switch (form) {
    case Form::text: return value.is_string() ? "" : "must be a string";
    case Form::path: return value.is_string() && value.string().starts_with('/') ? "" : "must be an absolute path";
    case Form::mode: return is_mode(value) ? "" : "must be an octal mode such as 0o755";
    case Form::flag: return std::holds_alternative<bool>(value.value) ? "" : "must be true or false";
    case Form::tables: break;
  }
  const bool tables = value.is_array() && std::ranges::all_of(value.array(), &TomlValue::is_table);
  return tables ? "" : "must be a table in double brackets";
}

std::string_view text_of(const TomlValue& table, std::string_view key) {
  const TomlValue* value = table.get(key);
  return value == nullptr ? std::string_view() : std::string_view(value->string());
}

bool flag_of(const TomlValue& table, std::string_view key) {
  const TomlValue* value = table.get(key);
  return value == nullptr || std::get<bool>(value->value);
}

std::uint16_t mode_of(const TomlValue& table, std::uint16_t otherwise) {
  const TomlValue* value = table.get("mode");
  return value == nullptr ? otherwise : static_cast<std::uint16_t>(std::get<std::int64_t>(value->value));
}

std::span<const TomlValue> entries_of(const TomlValue& kind, std::string_view list) {
  const TomlValue* entries = kind.get(list);
  return entries == nullptr ? std::span<const TomlValue>() : std::span<const TomlValue>(entries->array());
}

// The bytes of a regular file that is not larger than TOML may be.
std::expected<std::string, std::string> read_text(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return std::unexpected("no such file");
  if (error) return std::unexpected(error.message());
  if (status.type() != fs::file_type::regular) return std::unexpected("is no regular file");
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return std::unexpected(error.message());
  const TomlLimits limits;
  if (size > limits.bytes) return std::unexpected("is larger than " + std::to_string(limits.bytes) + " bytes");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return std::unexpected("cannot be opened");
  std::string text(static_cast<std::size_t>(size), '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return std::unexpected("cannot be read");
  return text;
}

// One file of the folder: read, checked, and turned into a host.
class KindFile {
 public:
  explicit KindFile(fs::path path) : path_(std::move(path)) {}

  std::expected<HostKind, HostKindError> kind() {
    if (Problem problem = load()) return std::unexpected(std::move(*problem));
    return HostKind{path_.stem().string(), std::string(text_of(kind_, "title")), runtime_};
  }

  std::expected<Host, HostKindError> host(Store& store) {
    if (Problem problem = load()) return std::unexpected(std::move(*problem));
    Host host{.files = FileTree(store, kMade), .runtime = runtime_, .units = {}, .loaded = nullptr, .load_error = {}};
    if (Problem problem = fill(host.files)) return std::unexpected(std::move(*problem));
    if (Problem problem = start(host)) return std::unexpected(std::move(*problem));
    return host;
  }

 private:
  HostKindError error_at(int line, std::string what) const { return {path_.string(), line, std::move(what)}; }

  Problem load() {
    auto text = read_text(path_);
    if (!text) return error_at(0, std::move(text.error()));
    auto parsed = parse_toml(*text);
    if (!parsed) return error_at(parsed.error().line, std::move(parsed.error().what));
    kind_ = std::move(*parsed);
    if (Problem problem = check_table(kind_, kKindKeys)) return problem;
    if (Problem problem = check_entries("directory", kDirectoryKeys)) return problem;
    if (Problem problem = check_entries("file", kFileKeys)) return problem;
    if (Problem problem = check_entries("link", kLinkKeys)) return problem;
    if (Problem problem = check_entries("unit", kUnitKeys)) return problem;
    const std::optional<RuntimeVersion> runtime = RuntimeVersion::parse(text_of(kind_, "runtime"));
    if (!runtime) {
      return error_at(kind_.get("runtime")->line, "'runtime' must be a version such as \"containerd://2.0.4\"");
    }
    runtime_ = *runtime;
    return std::nullopt;
  }

  Problem check_entries(std::string_view list, std::span<const Key> keys) const {
    for (const TomlValue& entry : entries_of(kind_, list)) {
      if (Problem problem = check_table(entry, keys)) return problem;
    }
    return std::nullopt;
  }

  Problem check_table(const TomlValue& table, std::span<const Key> keys) const {
    for (const auto& [name, value] : table.table()) {
      const auto key = std::ranges::find(keys, std::string_view(name), &Key::name);
      if (key == keys.end()) {
        return error_at(value.line,
                        "unknown key '" + name + "', did you mean '" + std::string(nearest(keys, name)) + "'?");
      }
      const std::string_view wrong = wrong_form(value, key->form);
      if (!wrong.empty()) return error_at(value.line, "'" + name + "' " + std::string(wrong));
    }
    for (const Key& key : keys) {
      if (key.needed == Needs::no || table.get(key.name) != nullptr) continue;
      return error_at(table.line, "misses '" + std::string(key.name) + "'");
    }
    return std::nullopt;
  }

  Problem fill(FileTree& files) const {
    (void)files.make_directory("/run", kMade);
    (void)files.make_directory("/tmp", kMade, 01777);
    for (const TomlValue& entry : entries_of(kind_, "directory")) {
      if (Problem problem = explain(entry, put_directory(files, entry))) return problem;
    }
    for (const TomlValue& entry : entries_of(kind_, "file")) {
      if (Problem problem = explain(entry, put_file(files, entry))) return problem;
    }
    for (const TomlValue& entry : entries_of(kind_, "link")) {
      if (Problem problem = explain(entry, put_link(files, entry))) return problem;
    }
    return std::nullopt;
  }

  Problem explain(const TomlValue& entry, const FsResult<void>& done) const {
    if (done) return std::nullopt;
    return error_at(entry.line, std::string(text_of(entry, "path")) + ": " + std::string(message(done.error())));
  }

  static FsResult<void> put_directory(FileTree& files, const TomlValue& entry) {
    const std::string_view path = text_of(entry, "path");
    const FsResult<void> made = files.make_directories(path, kMade);
    return made ? files.set_mode(path, mode_of(entry, 0755)) : made;
  }

  static FsResult<void> put_file(FileTree& files, const TomlValue& entry) {
    const std::string_view path = text_of(entry, "path");
    if (files.find(path, Follow::no)) return std::unexpected(Errno::eexist);
    const FsResult<void> made = files.make_directories(parent_path(path), kMade);
    return made ? files.write(path, text_of(entry, "text"), kMade, mode_of(entry, 0644)) : made;
  }

  static FsResult<void> put_link(FileTree& files, const TomlValue& entry) {
    const std::string_view path = text_of(entry, "path");
    const FsResult<void> made = files.make_directories(parent_path(path), kMade);
    return made ? files.make_symlink(path, text_of(entry, "target"), kMade) : made;
  }

  // The node has been up for long: what runs counts as no recent start.
  Problem start(Host& host) const {
    host.units[host.runtime.unit()].enabled = true;
    host.units["kubelet"].enabled = true;
    for (const TomlValue& entry : entries_of(kind_, "unit")) {
      host.units[std::string(text_of(entry, "name"))].enabled = flag_of(entry, "enabled");
    }
    reboot(host, kMade);
    for (const TomlValue& entry : entries_of(kind_, "unit")) {
      const std::string_view verb = flag_of(entry, "active") ? "start" : "stop";
      (void)systemctl(host, verb, text_of(entry, "name"), kMade);
    }
    if (!host.load_error.empty()) return error_at(0, "its container runtime does not start: " + host.load_error);
    for (auto& [name, unit] : host.units) {
      unit.recent_starts.clear();
    }
    return std::nullopt;
  }

  fs::path path_;
  TomlValue kind_;
  RuntimeVersion runtime_;
};

}  // namespace

std::expected<std::vector<HostKind>, HostKindError> list_host_kinds(const std::string& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".toml") files.push_back(entry->path());
  }
  if (error) return std::unexpected(HostKindError{folder, 0, error.message()});
  std::ranges::sort(files, {}, [](const fs::path& file) { return file.stem().string(); });
  std::vector<HostKind> kinds;
  for (const fs::path& file : files) {
    auto kind = KindFile(file).kind();
    if (!kind) return std::unexpected(std::move(kind.error()));
    kinds.push_back(std::move(*kind));
  }
  return kinds;
}

std::expected<Host, HostKindError> make_host(Store& store, const std::string& folder, std::string_view kind) {
  return KindFile(fs::path(folder) / (std::string(kind) + ".toml")).host(store);
}

}  // namespace barnacle
