// --fast held to its word: of a campaign's sequences one in twenty is played with the real tools as well.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "harness/engine/campaign.h"

namespace barnacle {

class FastCheck {
 public:
  // `slow`: the catalogue of the same subject without --fast.
  FastCheck(std::unique_ptr<const Catalogue> slow, VersionPtr subject, std::uint64_t seed);

  // For CampaignHooks::played; from any thread.
  void look_at(std::uint64_t index, const Scenario& scenario, const Timeline& fast);

  std::uint64_t looked_at() const { return count_; }
  // The first that was found, and the scenario that shows it.
  struct Difference {
    std::string what;
    Scenario scenario;
  };
  std::optional<Difference> difference() const;

 private:
  Lab& lab_of_this_thread();

  std::unique_ptr<const Catalogue> slow_;
  VersionPtr subject_;
  std::uint64_t seed_;
  std::atomic<std::uint64_t> count_{0};
  mutable std::mutex mutex_;
  std::map<std::thread::id, std::unique_ptr<Lab>> labs_;
  std::optional<Difference> difference_;
};

// Where two plays of one scenario part; empty where they are the same.
std::string difference_of(const Timeline& first, const Timeline& second);

}  // namespace barnacle
