#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "sim/deploy/shim_configuration.h"

namespace barnacle {
namespace {

// jq reads `.hypervisor.cloud-hypervisor` as a subtraction: nothing is edited, and the error goes to /dev/null.
bool jq_can_name(const std::string& table) { return !table.contains('-'); }

std::string string_at(Store& store, const Blob* text, std::initializer_list<std::string_view> keys) {
  const auto& parsed = parse_toml(store, text);
  const TomlValue* value = parsed ? parsed->at(keys) : nullptr;
  return value != nullptr && value->is_string() ? value->string() : "";
}

bool true_at(Store& store, const Blob* text, std::initializer_list<std::string_view> keys) {
  const auto& parsed = parse_toml(store, text);
  const TomlValue* value = parsed ? parsed->at(keys) : nullptr;
  return value != nullptr && std::holds_alternative<bool>(value->value) && std::get<bool>(value->value);
}

// A parameter counts as there only where a blank or a quote stands on both sides of it.
bool has_whole_parameter(std::string_view text, std::string_view parameter) {
  return has_line(text, [&](std::string_view line) {
    if (!line.starts_with("kernel_params")) return false;
    for (std::size_t at = line.find(parameter); at != std::string_view::npos; at = line.find(parameter, at + 1)) {
      const std::size_t after = at + parameter.size();
      const auto edge = [](char c) { return c == ' ' || c == '"' || c == '\t'; };
      if (at > 0 && edge(line[at - 1]) && (after == line.size() || edge(line[after]))) return true;
    }
    return false;
  });
}

std::vector<TextEdit> append_parameter_by_value(Store& store, const Blob* text, const std::string& table,
                                                const std::string& parameter, const std::string& unless) {
  const std::string present = string_at(store, text, {"hypervisor", table, "kernel_params"});
  if (!jq_can_name(table) || present.contains(unless)) return {};
  const std::string joined = present.empty() ? parameter : present + " " + parameter;
  return {set_value({"hypervisor", table, "kernel_params"}, toml_string(joined))};
}

EditMaker proxy_edit(const Settings& settings, const std::string& shim, const std::string& name,
                     const std::string& value) {
  const std::string parameter = name + "=" + value;
  if (settings.facts().edits_toml_by_value) {
    return [=](Store& store, const Blob* text) {
      return append_parameter_by_value(store, text, hypervisor_table(shim), parameter, name);
    };
  }
  const std::string unless = settings.has(Defect::proxy_appended) ? "" : parameter;
  return [=](Store&, const Blob*) { return std::vector{append_to_string("kernel_params", " " + parameter, unless)}; };
}

std::vector<TextEdit> debug_by_value(Store& store, const Blob* text, const std::string& table) {
  std::vector<TextEdit> edits;
  const bool named = jq_can_name(table);
  if (named && !true_at(store, text, {"hypervisor", table, "enable_debug"})) {
    edits.push_back(set_value({"hypervisor", table, "enable_debug"}, toml_bool(true)));
  }
  if (!true_at(store, text, {"runtime", "enable_debug"}))
    edits.push_back(set_value({"runtime", "enable_debug"}, toml_bool(true)));
  if (!true_at(store, text, {"agent", "kata", "debug_console_enabled"})) {
    edits.push_back(set_value({"agent", "kata", "debug_console_enabled"}, toml_bool(true)));
  }
  if (!true_at(store, text, {"agent", "kata", "enable_debug"})) {
    edits.push_back(set_value({"agent", "kata", "enable_debug"}, toml_bool(true)));
  }
  const std::string present = named ? string_at(store, text, {"hypervisor", table, "kernel_params"}) : "";
  std::string added;
  for (const std::string parameter : {"agent.log=debug", "initcall_debug"}) {
    if (!present.contains(parameter)) added += " " + parameter;
  }
  if (named && !added.empty())
    edits.push_back(set_value({"hypervisor", table, "kernel_params"}, toml_string(present + added)));
  return edits;
}

bool has_true_line(std::string_view text, std::string_view key) {
  return has_line(text, [&](std::string_view line) {
    if (!line.starts_with(key)) return false;
    std::string_view rest = line.substr(key.size());
    const auto skip_blanks = [&] {
      while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t')) rest.remove_prefix(1);
    };
    skip_blanks();
    if (!rest.starts_with('=')) return false;
    rest.remove_prefix(1);
    skip_blanks();
    return rest.starts_with("true");
  });
}

std::vector<TextEdit> debug_by_text(const Settings& settings, const Blob* text) {
  if (settings.has(Defect::debug_appended)) {
    return {set_line("enable_debug", "true", Commented::only),
            set_line("debug_console_enabled", "true", Commented::only),
            append_to_string("kernel_params", " agent.log=debug initcall_debug")};
  }
  std::vector<TextEdit> edits;
  for (const std::string key : {"enable_debug", "debug_console_enabled"}) {
    if (!has_true_line(text->bytes, key)) edits.push_back(set_line(key, "true", Commented::also));
  }
  std::string added;
  for (const std::string parameter : {"agent.log=debug", "initcall_debug"}) {
    if (!has_whole_parameter(text->bytes, parameter)) added += " " + parameter;
  }
  if (!added.empty()) edits.push_back(append_to_string("kernel_params", added));
  return edits;
}

// "a b", or "qemu:a,b clh:c" where the version knows per-shim values.
std::vector<std::string> annotations_for(const Settings& settings, const std::string& shim) {
  std::vector<std::string> all;
  std::vector<std::string> own;
  for (const std::string& entry : split(settings.annotations, ' ')) {
    const std::size_t colon = settings.facts().per_shim_values ? entry.rfind(':') : std::string::npos;
    if (colon == std::string::npos) {
      std::ranges::copy(settings.facts().per_shim_values ? split(entry, ',') : std::vector{entry},
                        std::back_inserter(all));
    } else if (entry.substr(0, colon) == shim) {
      std::ranges::copy(split(entry.substr(entry.find(':') + 1), ','), std::back_inserter(own));
    }
  }
  std::ranges::copy(own, std::back_inserter(all));
  return all;
}

std::string quoted(const std::vector<std::string>& items, std::string_view separator) {
  std::vector<std::string> quotes;
  for (const std::string& item : items) quotes.push_back("\"" + item + "\"");
  return fmt::format("{}", fmt::join(quotes, separator));
}

std::vector<std::string> present_annotations(Store& store, const Blob* text, const std::string& table) {
  std::vector<std::string> present;
  const auto& parsed = parse_toml(store, text);
  const TomlValue* list = parsed ? parsed->at({"hypervisor", table, "enable_annotations"}) : nullptr;
  if (list == nullptr || !list->is_array()) return present;
  for (const TomlValue& item : list->array()) {
    if (item.is_string()) present.push_back(item.string());
  }
  return present;
}

EditMaker annotation_edit(const Settings& settings, const std::string& shim, std::set<std::string>& seen) {
  const std::vector<std::string> added = annotations_for(settings, shim);
  const std::string table = hypervisor_table(shim);
  if (settings.has(Defect::annotations_appended)) {
    return [=](Store&, const Blob*) { return std::vector{append_to_list("enable_annotations", quoted(added, ", "))}; };
  }
  const bool forgets = !settings.has(Defect::annotations_seen_before);
  const bool by_value = settings.facts().edits_toml_by_value;
  return [=, &seen](Store& store, const Blob* text) -> std::vector<TextEdit> {
    if (added.empty()) return {};
    if (forgets) seen.clear();
    // Where jq cannot name the table, upstream reads an empty list; its edit is lost anyway.
    std::vector<std::string> present =
        by_value && !jq_can_name(table) ? std::vector<std::string>{} : present_annotations(store, text, table);
    std::vector<std::string> unique;
    std::ranges::copy(added, std::back_inserter(present));
    for (const std::string& annotation : present) {
      if (seen.insert(annotation).second) unique.push_back(annotation);
    }
    if (unique.empty()) return {};
    if (!by_value)
      return {
          set_list("enable_annotations", quoted(unique, settings.has(Defect::annotations_seen_before) ? "," : ", "))};
    if (!jq_can_name(table)) return {};
    return {set_value({"hypervisor", table, "enable_annotations"}, toml_array(unique))};
  };
}

EditMaker guest_pull_edit(const Settings& settings) {
  if (settings.facts().edits_toml_by_value) {
    return [](Store&, const Blob*) {
      return std::vector{set_value({"runtime", "experimental_force_guest_pull"}, toml_bool(true))};
    };
  }
  const Commented commented = settings.facts().debug_by_section ? Commented::also : Commented::never;
  return [=](Store&, const Blob*) { return std::vector{set_line("experimental_force_guest_pull", "true", commented)}; };
}

std::string os_value(const std::string& os_release, const std::string& key) {
  for (const std::string& line : split(os_release, '\n')) {
    if (!line.starts_with(key + "=")) continue;
    std::string value = line.substr(key.size() + 1);
    std::erase(value, '"');
    return value;
  }
  return "";
}

std::vector<EditMaker> tdx_edits(const Settings& settings, const std::string& os_release) {
  const std::string distribution = os_value(os_release, "ID");
  const std::string version = os_value(os_release, "VERSION_ID");
  std::string qemu;
  std::string firmware;
  if (distribution == "ubuntu" && std::ranges::count(settings.facts().tdx_ubuntu, version) != 0) {
    qemu = "/usr/bin/qemu-system-x86_64";
    firmware = "/usr/share/ovmf/OVMF.fd";
  } else if (distribution == "centos" && version == "9") {
    qemu = "/usr/libexec/qemu-kvm";
    firmware = "/usr/share/edk2/ovmf/OVMF.inteltdx.fd";
  } else {
    return {};
  }
  if (settings.facts().edits_toml_by_value) {
    return {[=](Store&, const Blob*) {
      return std::vector{set_value({"hypervisor", "qemu", "path"}, toml_string(qemu)),
                         set_value({"hypervisor", "qemu", "firmware"}, toml_string(firmware))};
    }};
  }
  return {[=](Store&, const Blob*) {
    return std::vector{substitute_all("PLACEHOLDER_FOR_DISTRO_QEMU_WITH_TDX_SUPPORT", qemu),
                       substitute_all("PLACEHOLDER_FOR_DISTRO_OVMF_WITH_TDX_SUPPORT", firmware)};
  }};
}

}  // namespace

std::string hypervisor_table(const std::string& shim) {
  if (shim.starts_with("qemu")) return "qemu";
  if (shim == "fc") return "firecracker";
  return shim;
}

std::string value_for_shim(const std::string& setting, const std::string& shim, bool per_shim_values) {
  if (!per_shim_values || !setting.contains('=')) return setting;
  for (const std::string& entry : split(setting, ';')) {
    const std::size_t equals = entry.find('=');
    if (entry.substr(0, equals) == shim) return equals == std::string::npos ? entry : entry.substr(equals + 1);
  }
  return "";
}

std::vector<EditMaker> shim_edits(const Settings& settings, const std::string& shim, const std::string& os_release,
                                  std::set<std::string>& seen_annotations) {
  std::vector<EditMaker> makers;
  const bool per_shim = settings.facts().per_shim_values;
  const std::string https_proxy = value_for_shim(settings.https_proxy, shim, per_shim);
  const std::string no_proxy = value_for_shim(settings.no_proxy, shim, per_shim);
  if (!https_proxy.empty()) makers.push_back(proxy_edit(settings, shim, "agent.https_proxy", https_proxy));
  if (!no_proxy.empty()) makers.push_back(proxy_edit(settings, shim, "agent.no_proxy", no_proxy));
  if (settings.debug) {
    const bool by_value = settings.facts().edits_toml_by_value;
    makers.push_back([&settings, shim, by_value](Store& store, const Blob* text) {
      return by_value ? debug_by_value(store, text, hypervisor_table(shim)) : debug_by_text(settings, text);
    });
  }
  if (!split(settings.annotations, ' ').empty()) makers.push_back(annotation_edit(settings, shim, seen_annotations));
  if (settings.facts().guest_pull && std::ranges::count(settings.force_guest_pull, shim) != 0) {
    makers.push_back(guest_pull_edit(settings));
  }
  if (shim.contains("tdx")) std::ranges::copy(tdx_edits(settings, os_release), std::back_inserter(makers));
  return makers;
}

}  // namespace barnacle
