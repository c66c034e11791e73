// Releases as Secrets: sh.helm.release.v1.NAME.vN.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/helm/client.h"
#include "sim/helm/helm.h"

namespace barnacle {

std::string secret_name(std::string_view release, int number);
// As which a revision is stored.
Object secret_of(const Revision& revision);
bool is_pending(ReleaseStatus status);
// Of all that a revision says, dates aside: Object::payload_hash of its Secret.
Hash128 hash_of_revision(const Revision& revision);

// Oldest first.
std::vector<RevisionPtr> history_of(const Cluster& cluster, std::string_view ns, std::string_view release);

// Stores a new revision. With history_max the oldest ones go first, but never the deployed one.
Done store_new(Client& client, const Revision& revision, bool prune);
// Stores the revision again, as it is now. Helm only logs failures of this, and so they are dropped here.
void store_again(Client& client, const Revision& revision);
void store_again(Client& client, const Object& secret);
Done purge(Client& client, const std::vector<RevisionPtr>& revisions);

}  // namespace barnacle
