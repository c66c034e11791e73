// A stable sort for the short lists. (std::stable_sort of libstdc++ 12 asks clang 19 for a deprecated
// buffer.)
#pragma once

#include <algorithm>
#include <iterator>

namespace barnacle {

// By insertion: as good as any for a few dozen elements that are mostly in order.
template <class List, class Before>
void sort_stably(List& list, const Before& before) {
  for (auto next = list.begin(); next != list.end(); ++next) {
    std::rotate(std::upper_bound(list.begin(), next, *next, before), next, std::next(next));
  }
}

}  // namespace barnacle
