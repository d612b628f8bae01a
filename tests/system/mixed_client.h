// File: tests/system/mixed_client.h
// One of several clients that write and read at once, each with memories of its own of which it knows what must be
// seen, and memories of anybody's that expire, change and go.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/query/drafts.h"
#include "tests/system/mixed_world.h"

namespace mnemo::mixed_test {

using query_test::Random;

struct Tally {
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t rules = 0;            // activated, beside both
  uint64_t compared = 0;         // answers, with the engine's on the snapshot of their position
  uint64_t compared_cached = 0;  // of them, those that were kept ones
  uint64_t not_compared = 0;     // the snapshot had left
  uint64_t own_seen = 0;         // answers that were to show what their client had written last
  uint64_t differences = 0;
  uint64_t unread_writes = 0;  // answers from before a write that was acknowledged when they were asked for
  uint64_t refused = 0;        // writes to a memory that somebody else had made to go
  Tally& operator+=(const Tally& other);
};

// What all clients ask for: some agents much more than others, and some questions about each.
class Popular {
 public:
  static constexpr size_t kAgents = 400;
  static constexpr size_t kRequests = 6;  // about each agent

  explicit Popular(uint64_t seed);
  size_t agent(Random& random) const;
  const RetrieveRequest& request(Random& random, size_t agent) const;
  static std::string name(size_t agent) { return "agent-" + std::to_string(agent); }

 private:
  std::vector<uint64_t> up_to_;  // sums of weights
  std::vector<std::vector<RetrieveRequest>> requests_;
};

class Client {
 public:
  Client(World& world, const Popular& popular, uint64_t seed, size_t number);

  // Reads and writes, one after the other; about 20 % are writes.
  void run(uint64_t operations);
  const Tally& tally() const { return tally_; }

 private:
  struct Own {
    std::string id;
    uint32_t version = 1;
    TimestampMs observed_at_ms = 0;
  };

  void move_clock();
  void write();
  void remember_own(size_t agent);
  void remember_passing(size_t agent);
  void update_own(size_t agent);
  void update_passing();
  void forget_own(size_t agent);
  void forget_passing();
  void forget_by_filter();
  void forget_older_half(size_t agent);
  void forget_some_passing(size_t agent);
  void link_own(size_t agent);

  template <typename Request, typename Response>
  std::optional<Response> ask_write(void (Service::*method)(const Call&, Request, Reply<Response>), Request request);
  template <typename Request>
  Request scoped(size_t agent) const;
  v1::RememberRequest input(const query_test::Draft& draft, size_t agent);

  void read(size_t agent);
  void see_own(size_t agent);
  // Asks, and compares; nullopt when there is no answer.
  std::optional<v1::RetrieveResponse> retrieve(const RetrieveRequest& request);
  void compare(const RetrieveRequest& request, const v1::RetrieveResponse& answer);
  void complain(uint64_t& count, const std::string& what, const RetrieveRequest& request);

  World& world_;
  const Popular& popular_;
  const uint64_t seed_;
  const size_t number_;
  const std::string session_;  // of its own memories
  Random random_;
  Tally tally_;
  std::map<size_t, std::vector<Own>> own_;                  // by agent, in the order in which they happened
  std::vector<std::pair<size_t, std::string>> passing_;     // agent and id, some of the newest
  std::array<std::string, World::kPartitions> last_write_;  // positions as the service printed them
  uint64_t serial_ = 0;
};

}  // namespace mnemo::mixed_test
