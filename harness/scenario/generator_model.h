// What the generator believes of the world it draws steps for. It assumes that steps do what they are meant to; where
// one is refused, later steps make less sense, and nothing worse.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/alphabet.h"
#include "harness/scenario/settings_choices.h"

namespace barnacle {

struct NodeModel {
  std::string name;
  const HostChoice* kind = nullptr;
  RuntimeVersion runtime;
  bool cordoned = false;
  std::vector<bool> toggled;                // by toggle of the kind
  std::vector<std::string> operator_files;  // whole files the operator wrote and has not removed

  NodeModel(std::string name, const HostChoice& kind);
  // As after reimaging.
  void refresh();
  // Whether the deploy logic installs with a suffix here.
  bool takes_suffix() const;
};

struct RevisionModel {
  int number = 1;
  DrawnSettings settings;
};

struct ReleaseModel {
  std::string name;
  std::string namespace_ = "kube-system";
  std::string suffix;
  std::string prefix;
  bool live = false;
  std::vector<RevisionModel> revisions;  // all that Helm still knows; of an uninstalled release those it kept

  const DrawnSettings& settings() const { return revisions.back().settings; }
  bool history_kept() const { return !live && !revisions.empty(); }
  // One more revision; Helm forgets the oldest beyond `most`.
  void add_revision(DrawnSettings settings, int most);
  std::string daemon_set() const { return suffixed("kata-deploy"); }
  std::string handler(const std::string& shim) const { return suffixed("kata-" + shim); }

 private:
  std::string suffixed(std::string text) const { return suffix.empty() ? text : text + "-" + suffix; }
};

struct WorldModel {
  std::vector<NodeModel> nodes;
  std::vector<ReleaseModel> releases;

  bool any_live() const;
  bool suffix_live() const;  // a live release has a suffix
  bool all_take_suffix() const;
  bool collides(const ReleaseModel& release) const;  // a live release has the same suffix
};

}  // namespace barnacle
