#include "harness/live/tier/watched_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "harness/live/tier/live_effect.h"
#include "harness/live/tier/stand_ins.h"
#include "sim/base/text.h"
#include "sim/cluster/kinds.h"

namespace barnacle {
namespace {

using std::chrono::milliseconds;

// Where bash is, by the last line of its trace: "++/opt/deploy.sh:370: cp -a …". Commands may have lines of their own.
std::string place_in_script(std::string_view trace) {
  while (!trace.empty()) {
    const std::size_t before = trace.rfind('\n');
    std::string_view line = before == std::string_view::npos ? trace : trace.substr(before + 1);
    trace = trace.substr(0, before == std::string_view::npos ? 0 : before);
    if (!line.starts_with('+')) continue;
    line.remove_prefix(std::min(line.find_first_not_of('+'), line.size()));
    const std::size_t end = line.find(": ");
    const std::size_t colon = end == std::string_view::npos ? end : line.rfind(':', end - 1);
    if (colon == std::string_view::npos || colon + 1 == end) continue;
    const std::string_view number = line.substr(colon + 1, end - colon - 1);
    if (number.find_first_not_of("0123456789") == std::string_view::npos) return std::string(line.substr(0, end));
  }
  return "";
}

// A file that is made beside its place and moved there is written at its place.
EffectNote note_of(int number, const Effect& effect, std::string line) {
  if (is_api(effect.kind))
    return {number, effect.kind, fmt::format("{} {}", kind_name(effect.object_kind), effect.path), std::move(line)};
  if (effect.kind == EffectKind::systemctl)
    return {number, effect.kind, fmt::format("{} {}", effect.path, effect.other), std::move(line)};
  if (effect.kind == EffectKind::rename) return {number, EffectKind::replace, effect.other, std::move(line)};
  return {number, effect.kind, effect.path, std::move(line)};
}

}  // namespace

void WatchedRun::take_files() {
  auto files = folder.take(file_date);
  if (files) host.files = *files;
  else trouble = files.error();
}

WatchedRun::Turn WatchedRun::next(const Effect& effect) {
  if (cut) return Turn::end;
  look_at_restart();
  const int number = ++record->effects;
  if (keeps_moments) keep_moment(effect);
  const bool strikes =
      fault != nullptr && (!record->faulted || fault->lasting) && fault->strikes && fault->strikes(number, effect);
  if (!strikes) {
    note(number, effect);
    return Turn::go_on;
  }
  record->faulted = true;
  record->fault = fault->what;
  record->struck = describe(effect);
  if (!fault->answer_text.empty()) record->struck += ": " + fault->answer_text;
  if (fault->what == RunFault::What::fail) return Turn::fail;
  // Of what is renamed into its place nothing is seen.
  cut = fault->what == RunFault::What::cut || fault->what == RunFault::What::tear;
  if (fault->what == RunFault::What::tear && effect.kind == EffectKind::rename) return Turn::end;
  if (fault->what == RunFault::What::tear) torn = effect.path;
  note(number, effect);
  if (fault->what == RunFault::What::preempt) let_others_run();
  return fault->what == RunFault::What::lose ? Turn::lose : Turn::go_on;
}

void WatchedRun::note(int number, const Effect& effect) {
  sandbox->catch_up();
  notes.push_back(note_of(number, effect, place_in_script(sandbox->trace())));
  unlooked = may_stop_a_restart(effect);
}

bool WatchedRun::may_stop_a_restart(const Effect& effect) const {
  if (!changes_host(effect.kind)) return false;
  if (effect.kind == EffectKind::make_directory || effect.kind == EffectKind::make_symlink)
    return watch.concerns_addition(effect.path);
  const bool contents_only = effect.kind != EffectKind::remove && effect.kind != EffectKind::rename;
  return watch.concerns({effect.path, contents_only}) ||
         (effect.kind == EffectKind::rename && watch.concerns({effect.other, contents_only}));
}

void WatchedRun::look_at_restart() {
  if (!std::exchange(unlooked, false) || !record->unrestartable.empty()) return;
  take_files();
  const auto found = watch.look(host);
  if (!found) return;
  record->unrestartable = found->what;
  record->unrestartable_path = found->path;
  record->unrestartable_effect = record->effects;
}

void WatchedRun::keep_moment(const Effect& effect) {
  take_files();
  sandbox->catch_up();
  Host now_there = host;
  temporary.number(now_there.files, file_date);
  moments.push_back({.next = effect,
                     .host = std::move(now_there),
                     .exchanges = exchanges.size(),
                     .notes = notes.size(),
                     .output = sandbox->output().size(),
                     .so_far = *record});
}

void WatchedRun::let_others_run() {
  if (turns == nullptr) return;
  take_files();
  HostPtr left = freeze(host);
  record->faulted = turns->others(left);
  host = left->host;
  if (const auto put = folder.put(host.files); !put) trouble = put.error();
}

Answer WatchedRun::answer(const StandInCall& call) {
  const Turn turn = next(effect_of(call));
  if (turn == Turn::end) {
    sandbox->terminate(milliseconds(0));
    return {.exit = kKilled, .out = "", .err = ""};
  }
  take_files();
  const Hash128 before = host.loaded ? host.loaded->hash : Hash128{};
  const std::vector<Time> starts = starts_of_runtime();
  const Answer said = answer_on_node(host, call, now);
  const bool restarted = call.argv.size() > 1 && starts_of_runtime() != starts;
  if (restarted) {
    ++record->restarts;
    const Hash128 after = host.loaded ? host.loaded->hash : Hash128{};
    record->loaded_differently = record->loaded_differently || !(before == after);
  } else {
    std::erase_if(notes, [&](const EffectNote& note) { return note.number == record->effects; });
  }
  return said;
}

Answer WatchedRun::answer_command(const StandInCall& call) {
  const Turn turn = next(effect_of_command(call));
  if (turn == Turn::end) {
    sandbox->terminate(milliseconds(0));
    return {.exit = kKilled, .out = "", .err = ""};
  }
  if (turn == Turn::fail) {
    const std::string why = std::system_category().message(number_of(fault->answer.error.value_or(Errno::eio)));
    return {.exit = 1, .out = "", .err = fmt::format("{}: {}\n", call.argv.front(), why)};
  }
  return {.run = fmt::format("{}/{}", kRealTools, call.argv.front())};
}

std::vector<Time> WatchedRun::starts_of_runtime() const {
  const auto unit = host.units.find(host.runtime.unit());
  return unit == host.units.end() ? std::vector<Time>{} : unit->second.recent_starts;
}

std::optional<ApiInterference> WatchedRun::rule(const ApiRequest& request) {
  const auto effect = effect_of(request);
  if (!effect) return std::nullopt;
  const ApiError gone{503, "ServiceUnavailable", "nobody is there to be answered"};
  switch (next(*effect)) {
    case Turn::go_on:
      if (!cut) return std::nullopt;
      end_now();
      return ApiInterference{gone, true};
    case Turn::fail: return ApiInterference{fault->answer.api_error.value_or(gone)};
    case Turn::lose: return ApiInterference{fault->answer.api_error.value_or(gone), true};
    case Turn::end: end_now(); return ApiInterference{gone};
  }
  return std::nullopt;
}

void WatchedRun::end_now() const {
  sandbox->terminate(milliseconds(0));
  while (sandbox->pump(milliseconds(kTurnMs), {})) continue;
}

void WatchedRun::heard(const ApiRequest& request, const ApiResponse& response) {
  if (!effect_of(request)) return;
  exchanges.push_back({request, hash_of_answer(response)});
  record->api.push_back({.effect = {}, .view = {}, .leaves_trace = request.method != "GET"});
}

Ruling WatchedRun::rule(const StoppedEffect& effect) {
  if (effect.number == 0) return {};
  if (effect.call == "mkdir" || effect.flags.contains("create-new")) temporary.note(effect.path);
  Effect changed = effect_of(effect);
  changed.path = temporary.numbered(changed.path);
  changed.other = temporary.numbered(changed.other);
  switch (next(changed)) {
    case Turn::fail: return {.kind = Ruling::Kind::fail, .error = number_of(fault->answer.error.value_or(Errno::eio))};
    case Turn::end: return {.kind = Ruling::Kind::kill, .error = 0};
    default: return {};
  }
}

void WatchedRun::tear() {
  const auto found = host.files.find(torn, Follow::no);
  if (torn.empty() || !found || (*found)->kind != FileKind::file) return;
  const std::string_view bytes = (*found)->blob->bytes;
  (void)host.files.put(torn, host.files.store().intern(std::string(bytes.substr(0, bytes.size() / 2))),
                       (*found)->attributes);
}

}  // namespace barnacle
