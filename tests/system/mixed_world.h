// File: tests/system/mixed_world.h
// A service over a real log, node, scheduler and result cache, joined as a server joins them; and a snapshot of every
// position that it publishes, which is what its answers are compared with.
#pragma once

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/data_dir.h"
#include "server/service/node_service.h"

namespace mnemo::mixed_test {

// The last snapshots of one partition, by the position that they show. Thread-safe.
class Snapshots {
 public:
  void keep(std::unique_ptr<View> view);
  // What `look` says of the snapshot; nullopt when there is none of this position, or no longer.
  template <typename Look>
  auto look_at(uint64_t offset, const Look& look) const -> std::optional<decltype(look(std::declval<const View&>()))> {
    const std::shared_ptr<const Kept> kept = find(offset);
    if (kept == nullptr) return std::nullopt;
    const std::lock_guard lock(kept->mutex);
    return look(*kept->view);
  }

 private:
  static constexpr size_t kKept = 512;
  struct Kept {
    explicit Kept(std::unique_ptr<View> of) : view(std::move(of)) {}
    mutable std::mutex mutex;
    std::unique_ptr<View> view;  // one thread at a time
  };
  std::shared_ptr<const Kept> find(uint64_t offset) const;

  mutable std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<const Kept>> by_offset_;
};

class World {
 public:
  static constexpr const char* kNamespace = "acme";
  static constexpr uint32_t kPartitions = 4;

  // Makes the directory anew, and removes it in the end.
  explicit World(const std::filesystem::path& dir);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  PartitionId partition_for(const std::string& agent) const { return node_->partition_for(kNamespace, agent); }
  ManualClock& clock() { return clock_; }
  ResultCache::Counters cache_counters() const { return cache_->counters(); }

  template <typename Request, typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Request, Reply<Response>), Request request) {
    const auto answered = std::make_shared<std::promise<Result<Response>>>();
    std::future<Result<Response>> answer = answered->get_future();
    Call call;
    call.principal = everyone_;
    call.deadline = steady_.now() + std::chrono::minutes(2);
    (service_.get()->*method)(call, std::move(request),
                              [answered](Result<Response> response) { answered->set_value(std::move(response)); });
    Result<Response> response = answer.get();
    answered_.fetch_add(1);
    return response;
  }

  // What the engine answers at the position, without the cache. nullopt: its snapshot has left.
  std::optional<Result<v1::RetrieveResponse>> uncached(const Position& position, const RetrieveRequest& request) const;

  // The next version of the rules, which ends all answers of the partition.
  void activate_rules(PartitionId partition, uint32_t work_units_per_event);

  // Everything that anybody was told to be written is before this offset.
  uint64_t acknowledged(PartitionId partition) const { return acknowledged_[partition.value].load(); }
  void acknowledge(const Position& position);

 private:
  void committed(PartitionId partition, const Touched& touched);
  void let_others_ask();

  std::filesystem::path dir_;
  ManualClock clock_{1'700'000'000'000};
  SteadyClock steady_;
  std::unique_ptr<DataDir> data_;
  // Little enough that answers are evicted.
  ResultCacheOptions cache_options_{.bytes_max = 1 << 20};
  std::unique_ptr<ResultCache> cache_ = std::make_unique<ResultCache>(cache_options_);
  std::vector<Snapshots> snapshots_ = std::vector<Snapshots>(kPartitions);
  std::vector<std::atomic<uint64_t>> acknowledged_ = std::vector<std::atomic<uint64_t>>(kPartitions);
  std::atomic<uint64_t> answered_ = 0;
  std::atomic<uint64_t> pauses_ = 0;
  std::atomic<Node*> watched_ = nullptr;  // node_, once it is open
  std::unique_ptr<Node> node_;
  Engine engine_{Profile::defaults()};
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<NodeService> service_;
  std::shared_ptr<const Principal> everyone_ = std::make_shared<Principal>();
  std::mutex rules_mutex_;
  UuidGenerator ids_{clock_, 11};                                                 // guarded by rules_mutex_
  std::vector<uint32_t> rules_versions_ = std::vector<uint32_t>(kPartitions, 1);  // guarded by rules_mutex_
};

}  // namespace mnemo::mixed_test
