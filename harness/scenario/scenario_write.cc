// Scenarios written as TOML: defaults are left out, and so is what does not belong to a step's kind.
#include <fmt/core.h>

#include <algorithm>

#include "harness/scenario/scenario_toml.h"
#include "harness/scenario/steps.h"
#include "sim/base/check.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

std::string string_literal(std::string_view text) {
  std::string written = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      written += {'\\', c};
    } else if (c == '\n') {
      written += "\\n";
    } else if (c == '\t') {
      written += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      written += fmt::format("\\u{:04x}", byte);
    } else {
      written += c;
    }
  }
  return written + "\"";
}

std::string key_text(std::string_view key) {
  const auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !key.empty() && std::ranges::all_of(key, bare) ? std::string(key) : string_literal(key);
}

template <class Items, class Write>
std::string joined(const Items& items, const Write& write) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ", ";
    text += write(item);
  }
  return text;
}

std::string literal(const Values& value) {
  check(!value.is_null() && !value.is_discarded() && !value.is_binary(), "values that TOML cannot say");
  if (value.is_string()) return string_literal(value.get_ref<const std::string&>());
  if (value.is_array()) return "[" + joined(value, [](const Values& element) { return literal(element); }) + "]";
  if (value.is_object()) {
    const auto member = [](const auto& item) { return key_text(item.key()) + " = " + literal(item.value()); };
    const std::string members = joined(value.items(), member);
    return members.empty() ? "{}" : "{ " + members + " }";
  }
  return value.dump();
}

std::string literal(const Strings& strings) { return literal(Values(strings)); }
std::string literal(const std::vector<std::string>& texts) { return "[" + joined(texts, string_literal) + "]"; }

// Lines of one table. What equals its default is not written.
class TableWriter {
 public:
  TableWriter(std::string& text, std::string_view header) : text_(text) {
    if (!text_.empty() && !header.empty()) text_ += "\n";
    if (!header.empty()) text_ += std::string(header) + "\n";
  }

  void line(std::string_view key, const std::string& value) { text_ += std::string(key) + " = " + value + "\n"; }
  void text(std::string_view key, const std::string& value, std::string_view otherwise = "") {
    if (value != otherwise) line(key, string_literal(value));
  }
  void flag(std::string_view key, bool value) {
    if (value) line(key, "true");
  }
  void number(std::string_view key, int value, int otherwise) {
    if (value != otherwise) line(key, std::to_string(value));
  }
  void date(std::string_view key, const std::optional<Time>& value) {
    if (value) line(key, string_literal(date_text(*value)));
  }
  void strings(std::string_view key, const Strings& value) {
    if (!value.empty()) line(key, literal(value));
  }

 private:
  std::string& text_;
};

void write_fault(std::string& text, const Fault& fault) {
  const Fault otherwise;
  TableWriter table(text, "[[step.fault]]");
  table.line("do", string_literal(fault_name(fault.kind)));
  table.text("program", fault.program, otherwise.program);
  table.text("node", fault.node);
  table.number("run", fault.run, otherwise.run);
  table.number("effect", fault.effect, otherwise.effect);
  table.text("effect_is", fault.effect_is);
  if (fault.kind == FaultKind::fail) table.text("error", fault.error, otherwise.error);
  if (fault.kind == FaultKind::fail) table.flag("lasting", fault.lasting);
  if (fault.kind == FaultKind::cut) table.text("signal", fault.signal, otherwise.signal);
  if (fault.kind == FaultKind::preempt) table.number("until", fault.until, otherwise.until);
  table.text("since", fault.since);
  table.text("before", fault.before);
}

void write_options(TableWriter& table, const HelmOptions& options, std::uint8_t command) {
  const HelmOptions otherwise;
  for (const HelmFlag& flag : helm_flags()) {
    if ((flag.commands & command) != 0) table.flag(flag.key, options.*flag.member);
  }
  if ((kHistoryMaxCommands & command) != 0) table.number("history-max", options.history_max, otherwise.history_max);
  if (options.timeout_s != otherwise.timeout_s) table.line("timeout", string_literal(duration_text(options.timeout_s)));
  if ((kCascadeCommands & command) != 0)
    table.text("cascade", std::string(cascade_name(options.cascade)), cascade_name(otherwise.cascade));
  if (options.kill_after_requests) table.line("kill-after-requests", std::to_string(*options.kill_after_requests));
}

void write_host_edit(TableWriter& table, const HostEdit& edit) {
  table.line("path", string_literal(edit.path));
  switch (edit.kind) {
    case HostEditKind::append_line: return table.line("append", string_literal(edit.text));
    case HostEditKind::replace_text:
      table.line("replace", string_literal(edit.replaces));
      return table.line("with", string_literal(edit.text));
    case HostEditKind::write_file: return table.line("contents", string_literal(edit.text));
    case HostEditKind::remove_file: return table.line("remove", "true");
  }
}

void write_cluster_edit(TableWriter& table, const ClusterEdit& edit) {
  const ClusterEdit otherwise;
  table.line("edit", string_literal(cluster_edit_name(edit.kind)));
  table.text("kind", edit.object_kind, otherwise.object_kind);
  table.line("name", string_literal(edit.name));
  table.text("namespace", edit.namespace_);
  if (!has_value(edit.kind)) return;
  table.text("key", edit.key);
  table.text("value", edit.value);
}

void write_step(std::string& text, const Step& step) {
  const Step otherwise;
  const StepRow& row = row_of(step.kind);
  const auto takes = [&](std::string_view key) { return std::ranges::find(row.keys, key) != row.keys.end(); };
  TableWriter table(text, "[[step]]");
  table.line("do", string_literal(row.name));
  if (takes("release")) table.text("release", step.release);
  if (takes("release")) table.text("namespace", step.namespace_, otherwise.namespace_);
  if (takes("values") && step.values) table.line("values", literal(*step.values));
  if (takes("version")) table.text("version", step.version);
  if (takes("revision")) table.number("revision", step.revision, 0);
  if (takes("node")) table.text("node", step.node);
  if (takes("host")) table.text("host", step.host);
  if (takes("runtime")) table.text("runtime", step.runtime);
  if (takes("uncordon")) table.flag("uncordon", step.uncordon);
  if (takes("labels")) table.strings("labels", step.node_labels);
  if (takes("handler")) table.text("handler", step.handler);
  if (step.kind == StepKind::edit_host) write_host_edit(table, step.host_edit);
  if (step.kind == StepKind::edit_cluster) write_cluster_edit(table, step.cluster_edit);
  if (const std::uint8_t command = helm_command(step.kind); command != 0) write_options(table, step.options, command);
  table.date("at", step.at);
  table.number("times", step.times, otherwise.times);
  for (const Fault& fault : step.faults) write_fault(text, fault);
}

void write_expectation(std::string& text, const Expectation& expect) {
  TableWriter table(text, "[expect]");
  if (expect.findings) table.line("findings", literal(*expect.findings));
  if (!expect.at_least.empty()) table.line("at_least", literal(expect.at_least));
}

}  // namespace

std::string write_scenario(const Scenario& scenario) {
  std::string text;
  TableWriter table(text, "");
  table.text("title", scenario.title);
  table.text("source", scenario.source);
  table.text("subject", scenario.subject);
  table.date("at", scenario.at);
  table.number("helm", scenario.helm, Scenario{}.helm);
  for (const NodeSpec& node : scenario.nodes) {
    TableWriter node_table(text, "[[node]]");
    node_table.line("name", string_literal(node.name));
    node_table.line("host", string_literal(node.host));
    node_table.strings("labels", node.labels);
  }
  for (const Step& step : scenario.steps) write_step(text, step);
  if (scenario.expect.present) write_expectation(text, scenario.expect);
  return text;
}

}  // namespace barnacle
