// From values to what the chart's objects say: the defaults, the lists of shims, the pods' environment.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/cluster/objects.h"
#include "sim/helm/chart.h"
#include "sim/helm/chart_shims.h"

namespace barnacle {

using Words = std::vector<std::string>;

Values chart_defaults(const ChartFacts& facts);

// The value at a path of keys; null where there is none.
const Values& value_at(const Values& values, std::initializer_list<std::string_view> path);
// Its text as a template prints it: "" for nothing, "true" for the boolean.
std::string text_at(const Values& values, std::initializer_list<std::string_view> path);
// Whether a template's `if` holds: neither nothing, nor empty, nor zero, nor false. (The text "false" holds.)
bool holds(const Values& value);

std::string join(const Words& words, std::string_view separator);

// env.multiInstallSuffix
std::string suffix_of(const Values& values);

// The table of shims; empty where there is none.
const Values::object_t& structured_shims(const Values& values);
// The shims that pods on nodes of an architecture install.
Words shims_of_arch(const ChartFacts& facts, const Values& values, const Arch& arch);
// Each shim once, in the order of kArches.
Words shims_of_any_arch(const ChartFacts& facts, const Values& values);
// "shim:snapshotter" words for an architecture.
Words snapshotter_mapping(const ChartFacts& facts, const Values& values, const Arch& arch);
// The shims that the chart makes RuntimeClasses for.
Words runtime_class_shims(const ChartFacts& facts, const Values& values);

enum class PodRole : std::uint8_t { install, cleanup };
// What the containers get, but for NODE_NAME: first what the values say, then what is made of it for each role.
Strings common_environment(const ChartFacts& facts, const Values& values);
Strings pod_environment(const ChartFacts& facts, Strings common, PodRole role);

}  // namespace barnacle
