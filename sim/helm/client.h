// The Helm client at work: its requests to the API server, how it brings objects from one manifest to the next, and how
// it waits.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/helm/helm.h"
#include "sim/helm/manifest.h"

namespace barnacle {

// Thrown when the client dies (HelmOptions::kill_after_requests); caught where a command begins, nowhere else.
struct ClientKilled {};

// What went wrong, in Helm's words.
using Done = std::expected<void, std::string>;

class Client {
 public:
  Client(Cluster& cluster, Machines& machines, const HelmOptions& options, int major = kHelm3);

  Cluster& cluster() { return cluster_; }
  const HelmOptions& options() const { return options_; }
  // Helm 4: objects are applied by the server.
  bool applies() const { return major_ == kHelm4; }
  // Where the two majors word the same thing differently.
  std::string said(std::string_view by_3, std::string_view by_4) const { return std::string(applies() ? by_4 : by_3); }

  // Writing requests; each one counts, failed ones too.
  ApiResult<ObjectPtr> create(Object object);
  ApiResult<ObjectPtr> apply(const Object& object, bool force);
  // One of a chart's objects that is to be new.
  ApiResult<ObjectPtr> make(const Object& object) { return applies() ? apply(object, false) : create(object); }
  ApiResult<ObjectPtr> update(const Object& object);
  ApiResult<void> remove(const Object& object, Propagation propagation = Propagation::background);

  // Lets the world go on until `done`, at most `timeout_s`; false when that was not enough.
  bool wait_until(Time timeout_s, const std::function<bool(const Cluster&)>& done);

 private:
  void die_if_due() const;
  void wrote();

  Cluster& cluster_;
  Machines& machines_;
  const HelmOptions& options_;
  int major_;
  int writes_ = 0;
};

// Creates all, in order; the first error ends it.
Done create_objects(Client& client, const ObjectList& objects);

// Brings the live objects from the manifest `original` to `target`: missing ones are created, present ones are patched
// three ways (or replaced, with --force) or applied, those that only `original` has are deleted. `created` grows even
// on an error.
Done apply_objects(Client& client, const ObjectList& original, const ObjectList& target, ObjectList& created);

// Objects of `objects` that are there already. An error when one is not the release's own, unless ownership is taken.
std::expected<ObjectList, std::string> existing_objects(Client& client, const ObjectList& objects,
                                                        const std::string& release, const std::string& ns);

// --wait: until DaemonSets are rolled out.
Done wait_for_objects(Client& client, const ObjectList& objects);

}  // namespace barnacle
