// How objects go: at once, after their finalizers, or (pods) after their kubelet has stopped the container.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

// Whether a kubelet still has to end this pod.
bool awaits_kubelet(const Object& object) {
  if (object.kind != Kind::pod) return false;
  const PodStatus& status = pod_status(object);
  return !status.node.empty() && !is_finished(status);
}

// Whether something is still to be done before it may go.
bool outlives_deletion(const Object& object, Propagation propagation) {
  return propagation != Propagation::background || object.kind == Kind::namespace_ || !object.finalizers.empty() ||
         awaits_kubelet(object);
}

void add_finalizer(Object& object, std::string_view finalizer) {
  if (!has_finalizer(object, finalizer)) object.finalizers.edit().emplace_back(finalizer);
}

}  // namespace

void ClusterAccess::begin_deletion(const ObjectPtr& stored, Propagation propagation) {
  if (stored->deletion_time) return;
  if (!outlives_deletion(*stored, propagation)) {
    erase(*stored);
    return;
  }
  Draft draft = draft_of(*stored);
  if (propagation == Propagation::foreground) add_finalizer(*draft, kForegroundFinalizer);
  if (propagation == Propagation::orphan) add_finalizer(*draft, kOrphanFinalizer);
  if (draft->kind == Kind::namespace_) add_finalizer(*draft, kNamespaceFinalizer);
  draft->deletion_time = now();
  if (draft->finalizers == stored->finalizers) put_status(std::move(draft));
  else put(std::move(draft));
}

void ClusterAccess::finish_deletion(const ObjectPtr& stored) {
  if (stored->deletion_time && stored->finalizers.empty() && !awaits_kubelet(*stored)) erase(*stored);
}

void ClusterAccess::remove_finalizer(const ObjectPtr& stored, std::string_view finalizer) {
  if (!has_finalizer(*stored, finalizer)) return;
  Draft draft = draft_of(*stored);
  std::erase(draft->finalizers.edit(), finalizer);
  finish_deletion(put(std::move(draft)));
}

}  // namespace barnacle
