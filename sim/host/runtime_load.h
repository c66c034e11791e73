// The loaders behind load_runtime_configuration, one family each, and what they share.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/looks.h"
#include "sim/host/runtime.h"
#include "sim/host/toml.h"

namespace barnacle {

// One file of a runtime's configuration, in the order in which it is read.
struct ConfigSource {
  std::string path;
  const Blob* blob = nullptr;
};
using ConfigSources = std::vector<ConfigSource>;

// All files that would be read.
std::expected<ConfigSources, LoadError> containerd_sources(Looker& files);
std::expected<ConfigSources, LoadError> crio_sources(Looker& files);

// Merges, checks and decodes them. Precondition: each of them parses (the ..._sources functions saw to that).
std::expected<LoadedConfigPtr, LoadError> load_containerd(Store& store, const ConfigSources& sources,
                                                          const RuntimeVersion& version);
std::expected<LoadedConfigPtr, LoadError> load_crio(Store& store, const ConfigSources& sources);

// Tables merge key by key; everything else of `from` takes the place of what `into` had.
void merge_toml(TomlValue& into, const TomlValue& from);

enum class TomlKind : std::uint8_t { boolean, integer, string, strings, table };

// A key of a table that a runtime decodes, and what it must be where it is present.
struct DecodedKey {
  std::string_view key;
  TomlKind kind;
};

// The first of `keys` that has the wrong type in `table`, as "runtimes.kata.snapshotter: expected a string, got a
// bool"; empty when all are right. `where` is put before the key.
std::string wrong_type(const TomlValue& table, std::span<const DecodedKey> keys, std::string_view where);

// The string at `keys`, or an empty one.
std::string text_at(const TomlValue& table, std::initializer_list<std::string_view> keys);

}  // namespace barnacle
