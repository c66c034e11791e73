#include "harness/scenario/scenario_toml.h"

#include <algorithm>
#include <array>

#include "harness/scenario/file.h"
#include "harness/scenario/keys.h"
#include "harness/scenario/toml_reader.h"
#include "sim/host/runtime.h"

namespace barnacle {
namespace {

constexpr int kMostRepetitions = 1000;
constexpr int kMostNodes = 64;
constexpr std::size_t kLongestReleaseName = 53;  // Helm's limit
constexpr std::size_t kLongestName = 63;

constexpr std::array<std::string_view, 8> kScenarioKeys{"title", "source", "subject", "at",
                                                        "helm",  "node",   "step",    "expect"};
constexpr std::array<std::string_view, 3> kNodeTableKeys{"name", "host", "labels"};
constexpr std::array<std::string_view, 2> kExpectKeys{"findings", "at_least"};

std::vector<std::string_view> listed(Names names) { return {names.begin(), names.end()}; }

std::vector<std::string_view> listed(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

// Lower-case words of the kind Kubernetes accepts, and nothing that could lead out of a folder.
bool is_name(std::string_view text, std::size_t longest) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  const auto outer = [](char c) { return c != '-' && c != '.'; };
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, inner) && outer(text.front()) &&
         outer(text.back());
}

void read_name(const TableReader& reader, std::string_view key, std::string& into, std::size_t longest = kLongestName) {
  if (!reader.has(key)) return;
  reader.text(key, into);
  if (is_name(into, longest)) return;
  reader.error(key, "must be a name of lower-case letters, digits, '-' and '.', at most " + std::to_string(longest) +
                        " characters");
}

void read_known(const TableReader& reader, std::string_view key, std::string_view kind, std::string& into,
                const std::vector<std::string>& known) {
  read_name(reader, key, into);
  if (!reader.has(key) || known.empty() || std::ranges::find(known, into) != known.end()) return;
  reader.problems().add_unknown(reader.find(key)->line, key, kind, into, listed(known));
}

bool is_clean_path(std::string_view path) {
  if (!path.starts_with('/') || path.size() < 2 || path.ends_with('/') || path.find('\0') != std::string_view::npos)
    return false;
  const std::string framed = std::string(path) + "/";
  return !framed.contains("//") && !framed.contains("/./") && !framed.contains("/../");
}

// --- faults ---

Fault read_fault(Problems& problems, const TomlValue& table) {
  Fault fault;
  const TomlValue* given = table.get("do");
  const std::optional<FaultKind> kind =
      given != nullptr && given->is_string() ? fault_from_name(given->string()) : std::nullopt;
  fault.kind = kind.value_or(FaultKind::cut);
  // Without a kind the keys of all kinds are known, so that the missing or wrong kind is what gets reported.
  std::vector<std::string_view> keys = listed(row_of(fault.kind).keys);
  if (!kind) keys.insert(keys.end(), {"error", "lasting", "until"});
  const TableReader reader(problems, table, kind ? "a " + std::string(fault_name(*kind)) + " fault" : "a fault", keys);
  static constexpr std::array<std::string_view, 1> kRequired{"do"};
  std::vector<std::string_view> kinds;
  for (const FaultRow& row : fault_rows()) kinds.push_back(row.name);
  reader.require(kRequired);
  reader.one_of("do", "fault", kinds);
  if (const auto index = reader.one_of("program", "program", fault_programs()))
    fault.program = fault_programs()[*index];
  if (const auto index = reader.one_of("signal", "signal", fault_signals())) fault.signal = fault_signals()[*index];
  read_name(reader, "node", fault.node);
  reader.number("run", fault.run, 1);
  reader.number("effect", fault.effect, 1);
  reader.text("effect_is", fault.effect_is);
  reader.flag("lasting", fault.lasting);
  reader.number("until", fault.until, 1);
  read_name(reader, "since", fault.since);
  read_name(reader, "before", fault.before);

  // An answer of the API server may be written as the number it is.
  const TomlValue* error = reader.find("error");
  if (error != nullptr && std::holds_alternative<std::int64_t>(error->value)) {
    fault.error = std::to_string(std::get<std::int64_t>(error->value));
    if (std::ranges::find(fault_errors(), fault.error) == fault_errors().end()) {
      problems.add_unknown(error->line, "error", "error", fault.error, fault_errors());
    }
  } else if (const auto index = reader.one_of("error", "error", fault_errors())) {
    fault.error = fault_errors()[*index];
  }
  return fault;
}

// --- steps ---

std::vector<std::string_view> keys_of(StepKind kind) {
  std::vector<std::string_view> keys = listed(row_of(kind).keys);
  keys.insert(keys.end(), common_step_keys().begin(), common_step_keys().end());
  const std::vector<std::string_view> options = helm_option_keys(kind);
  keys.insert(keys.end(), options.begin(), options.end());
  return keys;
}

void read_options(const TableReader& reader, HelmOptions& options) {
  for (const HelmFlag& flag : helm_flags()) reader.flag(flag.key, options.*flag.member);
  reader.number("history-max", options.history_max, 0);
  reader.duration("timeout", options.timeout_s);
  if (const auto index = reader.one_of("cascade", "kind of cascade", cascade_names())) {
    options.cascade = static_cast<Propagation>(*index);
  }
  if (!reader.has("kill-after-requests")) return;
  int requests = 0;
  reader.number("kill-after-requests", requests, 0);
  options.kill_after_requests = requests;
}

void read_host_edit(const TableReader& reader, HostEdit& edit) {
  reader.text("path", edit.path);
  if (reader.has("path") && !is_clean_path(edit.path))
    reader.error("path", "must be an absolute path of a file, without '.' and '..'");
  bool removes = false;
  reader.flag("remove", removes);
  const int kinds = int{reader.has("append")} + int{reader.has("replace")} + int{reader.has("contents")} + int{removes};
  if (kinds != 1) {
    reader.problems().add(reader.line(), "",
                          "an edit-host step needs exactly one of append, replace, contents and remove = true");
  }
  if (reader.has("replace") != reader.has("with")) reader.error("with", "replace and with belong together");
  if (removes) edit.kind = HostEditKind::remove_file;
  if (reader.has("replace")) edit.kind = HostEditKind::replace_text;
  if (reader.has("contents")) edit.kind = HostEditKind::write_file;
  reader.text("append", edit.text);
  reader.text("contents", edit.text);
  reader.text("with", edit.text);
  reader.text("replace", edit.replaces);
  if (reader.has("replace") && edit.replaces.empty()) reader.error("replace", "must not be empty");
}

void read_cluster_edit(const TableReader& reader, ClusterEdit& edit) {
  if (const auto index = reader.one_of("edit", "edit", cluster_edit_names()))
    edit.kind = static_cast<ClusterEditKind>(*index);
  reader.text("kind", edit.object_kind);
  if (!kind_from_name(edit.object_kind)) reader.error("kind", "is no kind of object that the cluster knows");
  reader.text("name", edit.name);
  read_name(reader, "namespace", edit.namespace_);
  reader.text("key", edit.key);
  reader.text("value", edit.value);
  if (has_value(edit.kind) && edit.key.empty())
    reader.error("key", "is missing: the edit '" + std::string(cluster_edit_name(edit.kind)) + "' needs it");
  if (!has_value(edit.kind) && (reader.has("key") || reader.has("value"))) {
    reader.error(reader.has("key") ? "key" : "value", "belongs to the edits 'label' and 'set' only");
  }
}

void read_runtime(const TableReader& reader, std::string& runtime) {
  reader.text("runtime", runtime);
  if (RuntimeVersion::parse(runtime)) return;
  reader.error("runtime", "must be a runtime and its version, as in \"containerd://1.7.27\"");
}

// What belongs to one kind of step only.
void read_particulars(const TableReader& reader, Step& step) {
  switch (step.kind) {
    case StepKind::cordon_node: return reader.flag("uncordon", step.uncordon);
    case StepKind::add_node: return reader.strings("labels", step.node_labels);
    case StepKind::run_workload: return reader.text("handler", step.handler);
    case StepKind::edit_host: return read_host_edit(reader, step.host_edit);
    case StepKind::edit_cluster: return read_cluster_edit(reader, step.cluster_edit);
    case StepKind::change_runtime: return read_runtime(reader, step.runtime);
    default: return;
  }
}

std::string with_article(std::string_view name) {
  const bool vowel = std::string_view("aeiou").contains(name.front());
  return (vowel ? "an " : "a ") + std::string(name);
}

std::optional<StepKind> read_kind(Problems& problems, const TomlValue& table) {
  const TomlValue* given = table.get("do");
  if (given == nullptr) {
    problems.add(table.line, "do", "is missing: every [[step]] needs it");
    return std::nullopt;
  }
  if (!given->is_string()) {
    problems.add(given->line, "do", "must be a string");
    return std::nullopt;
  }
  const std::optional<StepKind> kind = step_from_name(given->string());
  if (kind) return kind;
  std::vector<std::string_view> names;
  for (const StepRow& row : step_rows()) names.push_back(row.name);
  problems.add_unknown(given->line, "do", "step", given->string(), names);
  return std::nullopt;
}

Step read_step(Problems& problems, const TomlValue& table, const KnownNames& known) {
  Step step;
  step.line = table.line;
  const std::optional<StepKind> kind = read_kind(problems, table);
  if (!kind) return step;
  step.kind = *kind;
  const TableReader reader(problems, table, with_article(step_name(*kind)) + " step", keys_of(*kind));
  reader.require(row_of(*kind).required);
  read_name(reader, "release", step.release, kLongestReleaseName);
  if (*kind != StepKind::edit_cluster) read_name(reader, "namespace", step.namespace_);
  read_name(reader, "node", step.node);
  read_known(reader, "host", "host", step.host, known.hosts);
  read_known(reader, "version", "version", step.version, known.versions);
  reader.values("values", step.values);
  reader.number("revision", step.revision, 0);
  reader.date("at", step.at);
  reader.number("times", step.times, 1, kMostRepetitions);
  if (helm_command(*kind) != 0) read_options(reader, step.options);
  read_particulars(reader, step);
  for (const TomlValue* fault : reader.tables("fault")) step.faults.push_back(read_fault(problems, *fault));
  return step;
}

// --- the rest ---

NodeSpec read_node(Problems& problems, const TomlValue& table, const KnownNames& known) {
  NodeSpec node;
  const TableReader reader(problems, table, "a node", listed(kNodeTableKeys));
  read_name(reader, "name", node.name);
  read_known(reader, "host", "host", node.host, known.hosts);
  reader.strings("labels", node.labels);
  return node;
}

void read_nodes(const TableReader& reader, Scenario& scenario, const KnownNames& known) {
  for (const TomlValue* table : reader.tables("node")) {
    NodeSpec node = read_node(reader.problems(), *table, known);
    if (std::ranges::find(scenario.nodes, node.name, &NodeSpec::name) != scenario.nodes.end()) {
      const TomlValue* name = table->get("name");
      reader.problems().add(name != nullptr ? name->line : table->line, "name",
                            "two nodes are called '" + shown(node.name) + "'");
    }
    scenario.nodes.push_back(std::move(node));
  }
  if (scenario.nodes.empty()) reader.problems().add(0, "", "has no [[node]]");
  if (scenario.nodes.size() > kMostNodes)
    reader.error("node", "there may be at most " + std::to_string(kMostNodes) + " nodes");
}

void check_invariants(const TableReader& reader, std::string_view key, const std::vector<std::string>& ids,
                      const KnownNames& known) {
  if (known.invariants.empty()) return;
  for (const std::string& id : ids) {
    if (std::ranges::find(known.invariants, id) != known.invariants.end()) continue;
    return reader.problems().add_unknown(reader.find(key)->line, key, "invariant", id, listed(known.invariants));
  }
}

void read_expectation(Problems& problems, const TomlValue& value, Expectation& expect, const KnownNames& known) {
  if (!value.is_table()) return problems.add(value.line, "expect", "must be a table");
  const TableReader reader(problems, value, "[expect]", listed(kExpectKeys));
  expect.present = true;
  if (reader.has("findings")) reader.texts("findings", expect.findings.emplace());
  reader.texts("at_least", expect.at_least);
  if (expect.findings) check_invariants(reader, "findings", *expect.findings, known);
  check_invariants(reader, "at_least", expect.at_least, known);
}

void read_subject(const TableReader& reader, std::string& subject, const KnownNames& known) {
  reader.text("subject", subject);
  if (!reader.has("subject") || known.subjects.empty() || subject.starts_with("live:")) return;
  if (std::ranges::find(known.subjects, subject) != known.subjects.end()) return;
  reader.problems().add_unknown(reader.find("subject")->line, "subject", "subject", subject, listed(known.subjects));
}

Scenario read_scenario(Problems& problems, const TomlValue& document, const KnownNames& known) {
  Scenario scenario;
  const TableReader reader(problems, document, "a scenario", listed(kScenarioKeys));
  reader.text("title", scenario.title);
  reader.text("source", scenario.source);
  read_subject(reader, scenario.subject, known);
  reader.date("at", scenario.at);
  reader.number("helm", scenario.helm, kHelm3, kHelm4);
  read_nodes(reader, scenario, known);
  for (const TomlValue* table : reader.tables("step")) scenario.steps.push_back(read_step(problems, *table, known));
  if (scenario.steps.empty()) problems.add(0, "", "has no [[step]]");
  if (const TomlValue* expect = reader.find("expect")) read_expectation(problems, *expect, scenario.expect, known);
  return scenario;
}

}  // namespace

std::expected<Scenario, InputError> parse_scenario(std::string_view text, const std::string& file,
                                                   const KnownNames& known) {
  const std::expected<TomlValue, TomlError> document = parse_toml(text);
  if (!document) return std::unexpected(InputError{file, document.error().line, "", document.error().what, ""});
  Problems problems(file);
  Scenario scenario = read_scenario(problems, *document, known);
  if (problems.first()) return std::unexpected(*problems.first());
  scenario.file = file;
  return scenario;
}

std::expected<Scenario, InputError> load_scenario(const std::string& path, const KnownNames& known) {
  const std::expected<std::string, FileError> text = read_file(path);
  if (!text) return std::unexpected(InputError{path, 0, "", text.error().what, ""});
  return parse_scenario(*text, path, known);
}

}  // namespace barnacle
