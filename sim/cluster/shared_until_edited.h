// A container that is copied often and changed seldom: copies share it until one of them is edited.
#pragma once

#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>

namespace barnacle {

template <class Container>
class SharedUntilEdited {
 public:
  using value_type = typename Container::value_type;
  using const_iterator = typename Container::const_iterator;

  SharedUntilEdited() = default;
  // Not explicit: wherever a container is given, it may be shared from there on.
  SharedUntilEdited(Container values) {
    if (!values.empty()) values_ = std::make_shared<Container>(std::move(values));
  }
  SharedUntilEdited(std::initializer_list<value_type> values) : SharedUntilEdited(Container(values)) {}

  const Container& operator*() const { return values_ ? *values_ : kNone; }
  operator const Container&() const { return **this; }

  const_iterator begin() const { return (**this).begin(); }
  const_iterator end() const { return (**this).end(); }
  bool empty() const { return (**this).empty(); }
  std::size_t size() const { return (**this).size(); }
  const value_type& front() const { return (**this).front(); }
  const value_type& back() const { return (**this).back(); }
  template <class Key>
  const_iterator find(const Key& key) const {
    return (**this).find(key);
  }
  template <class Key>
  const_iterator lower_bound(const Key& key) const {
    return (**this).lower_bound(key);
  }
  template <class Key>
  const auto& at(const Key& key) const {
    return (**this).at(key);
  }
  template <class Key>
  bool contains(const Key& key) const {
    return (**this).contains(key);
  }

  friend bool operator==(const SharedUntilEdited& a, const SharedUntilEdited& b) {
    return a.values_ == b.values_ || *a == *b;
  }
  friend bool operator==(const SharedUntilEdited& a, const Container& b) { return *a == b; }

  // The container to be changed: this copy's own from here on.
  Container& edit() {
    if (!values_) values_ = std::make_shared<Container>();
    else if (values_.use_count() != 1) values_ = std::make_shared<Container>(*values_);
    // Who shared it last may have been another thread: what it read, it read before this is changed.
    std::atomic_thread_fence(std::memory_order_acquire);
    return *values_;
  }

 private:
  static inline const Container kNone{};
  std::shared_ptr<Container> values_;
};

}  // namespace barnacle
