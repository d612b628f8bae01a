// Retrieve through the result cache over real rows that change: every answer is the engine's at the position that it
// carries, and none is from before what had been published.
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include "query/retrieve_cached.h"
#include "query/signature.h"
#include "tests/query/real_partition.h"

namespace mnemo::query_test {
namespace {

const std::vector<std::string> kAgents = {"first", "second", "third"};

// All that a client sees of an answer.
std::string spelled(const Answer& answer) {
  std::string text = to_string(answer.position) + (answer.truncated ? " more" : "") + " " + answer.context;
  for (const Hit& hit : answer.hits) {
    const Memory& memory = hit.memory;
    text += "\n" + memory.id + "@" + std::to_string(memory.version) + " " + std::to_string(hit.score) + " " +
            memory.event_id + " " + memory.tier + " " + memory.session_id + " " + memory.text;
    for (const std::string& tag : memory.tags) text += " #" + tag;
  }
  return text;
}

Position position_of(const View& view) { return {view.partition(), view.meta().epoch, view.meta().next_offset}; }

class Source final : public AnswerSource {
 public:
  explicit Source(const RealPartition& of) : of_(of) {}
  PartitionId partition() const override { return of_.partition(); }
  Applied applied() const override {
    const Meta meta = of_.applied();
    return {{of_.partition(), meta.epoch, meta.next_offset}, meta.event_time_ms};
  }
  Result<std::unique_ptr<View>> view() const override { return of_.view(); }

 private:
  const RealPartition& of_;
};

// Few enough that they are asked again and again, of every kind.
std::vector<RetrieveRequest> random_requests(Random& random, size_t count) {
  std::vector<RetrieveRequest> requests(count);
  for (RetrieveRequest& request : requests) {
    request = {.name_space = "acme", .agent_id = pick(random, kAgents), .query = random_question(random)};
    request.limit = static_cast<uint32_t>(1 + below(random, 20));
    if (below(random, 5) == 0) request.query.clear();
    if (below(random, 3) == 0) request.filter = random_filter(random);
    if (below(random, 4) == 0) request.reference_time_ms = 1'700'000'000'000 + below(random, 4'000'000);
    if (below(random, 4) == 0) request.context_token_budget = 200;
  }
  return requests;
}

void add_event(Random& random, RealPartition& partition) {
  const std::string& agent = pick(random, kAgents);
  const TimestampMs now = partition.applied().event_time_ms;
  Draft draft = random_draft(random, "m" + std::to_string(below(random, 60)));
  if (draft.text.empty()) draft.text = "?!";
  if (below(random, 4) == 0) draft.expires_at_ms = now + 1 + static_cast<TimestampMs>(below(random, 600'000));
  switch (below(random, 12)) {
    case 0: partition.forget(draft.id, agent); break;
    case 1:
    case 2: partition.update(draft, agent); break;
    case 3:
    case 4: partition.tick(now + static_cast<TimestampMs>(below(random, 120'000))); break;
    case 5: partition.forget_by_filter(random_filter(random, 1), agent); break;
    default: partition.remember(draft, agent);
  }
}

// A partition, its cache, and readers of all moments: between batches, inside one before its position is known, and
// slow ones that come to store what they read long ago.
class Cached {
 public:
  explicit Cached(uint64_t seed) : random_(seed), requests_(random_requests(random_, 24)) {}

  void change() {
    switch (below(random_, 12)) {
      case 0: partition_.flush(); break;
      case 1: fall_back(); break;
      case 2: partition_.activate_rules(); break;
      default:
        for (uint64_t i = 0; i <= below(random_, 4); ++i) add_event(random_, partition_);
    }
    if (below(random_, 4) != 0) partition_.apply(1 + below(random_, 4));
  }

  void read() {
    const RetrieveRequest& request = pick(random_, requests_);
    const Answer answer = retrieve_cached(cache_, engine_, source_, request).value();
    ASSERT_EQ(spelled(answer), spelled(engine_.retrieve(*partition_.view(), request).value())) << answer.cached;
  }

  // Reads now, and stores a while later.
  void read_slowly() {
    const RetrieveRequest& request = pick(random_, requests_);
    Slow slow{.ticket = cache_.begin(partition_.partition(), request.name_space, request.agent_id),
              .key = signature(engine_.profile_hash(), request),
              .answer = engine_.retrieve(*partition_.view(), request).value()};
    slow_.push_back(std::move(slow));
    if (slow_.size() < 5) return;
    const size_t next = below(random_, slow_.size());
    cache_.store(slow_[next].ticket, slow_[next].key, slow_[next].answer);
    slow_.erase(slow_.begin() + static_cast<ptrdiff_t>(next));
  }

  ResultCache::Counters counters() const { return cache_.counters(); }
  uint64_t falls() const { return falls_; }

 private:
  struct Slow {
    ResultCache::Ticket ticket;
    std::string key;
    Answer answer;
  };

  void fall_back() {
    const uint64_t before = partition_.applied().next_offset;
    partition_.reopen();
    falls_ += partition_.applied().next_offset < before ? 1 : 0;
    for (int i = 0; i < 4; ++i) read();
  }

  void committed(const Touched& touched) {
    if (watching_ && touched.extent != Touched::Extent::kOpening) read_unpublished();
    cache_.raise(PartitionId(0), touched);
  }

  // What is written, but not published: an answer may be of before or of after it, but it must be the one it says.
  void read_unpublished() {
    const RetrieveRequest& request = pick(random_, requests_);
    const Answer answer = retrieve_cached(cache_, engine_, source_, request).value();
    const auto view = partition_.view();
    if (answer.position != position_of(*view)) {
      EXPECT_TRUE(answer.cached);
      EXPECT_EQ(answer.position, source_.applied().position);
      return;
    }
    EXPECT_EQ(spelled(answer), spelled(engine_.retrieve(*view, request).value()));
  }

  Random random_;
  Engine engine_{Profile::defaults()};
  ResultCache cache_{{.bytes_max = 100'000, .shards = 2, .epoch_rows = 64}};
  bool watching_ = false;
  RealPartition partition_{static_cast<uint32_t>(1 + below(random_, 4)),
                           [this](PartitionId, const Touched& touched) { committed(touched); }, true};
  Source source_{partition_};
  std::vector<RetrieveRequest> requests_;
  std::vector<Slow> slow_;
  uint64_t falls_ = 0;

 public:
  void watch() { watching_ = true; }
};

TEST(CachedRows, EveryAnswerIsTheEnginesOnTheSameSnapshot) {
  ResultCache::Counters sum;
  uint64_t falls = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Cached cached(seed);
    cached.change();
    cached.watch();
    for (int round = 0; round < 120 && !testing::Test::HasFatalFailure(); ++round) {
      cached.change();
      for (int i = 0; i < 12; ++i) cached.read();
      cached.read_slowly();
    }
    sum.hit += cached.counters().hit;
    sum.stale_prevented += cached.counters().stale_prevented;
    falls += cached.falls();
  }
  EXPECT_GT(sum.hit, 2000u);
  EXPECT_GT(sum.stale_prevented, 1000u);
  EXPECT_GT(falls, 20u);
}

TEST(CachedRows, AnExplanationIsMadeAnewAndNotKept) {
  ResultCache cache({});
  const Engine engine(Profile::defaults());
  RealPartition partition(1);
  partition.remember({.id = "a", .text = "green tea"}, kAgents[0]);
  partition.apply(10);
  const Source source(partition);
  RetrieveRequest request{.name_space = "acme", .agent_id = kAgents[0], .query = "tea", .explain = true};
  for (int i = 0; i < 2; ++i) {
    const Answer answer = retrieve_cached(cache, engine, source, request).value();
    EXPECT_FALSE(answer.cached);
    EXPECT_EQ(answer.explain.candidates, 1u);
  }
  EXPECT_EQ(cache.bytes(), 0u);
  request.explain = false;
  EXPECT_FALSE(retrieve_cached(cache, engine, source, request)->cached);
  EXPECT_TRUE(retrieve_cached(cache, engine, source, request)->cached);
  request.limit = 0;
  EXPECT_EQ(retrieve_cached(cache, engine, source, request).error().code, Code::kInvalidArgument);
}

// One thread commits; the others ask through the cache.
class Readers {
 public:
  Readers() {
    Random random(3);
    requests_ = random_requests(random, 6);
  }

  void read(uint64_t seed) {
    Random random(seed);
    while (!done_) {
      if (answered_ > 4 * (written_ + 2)) {
        std::this_thread::yield();
        continue;
      }
      const RetrieveRequest& request = pick(random, requests_);
      const Position seen = source_.applied().position;
      Answer answer = retrieve_cached(cache_, engine_, source_, request, seen).value();
      EXPECT_GE(answer.position, seen);
      const std::lock_guard lock(mutex_);
      answers_.emplace_back(&request, std::move(answer));
      ++answered_;
    }
  }

  void write(uint64_t seed, int batches) {
    Random random(seed);
    for (int i = 0; i < batches; ++i) {
      while (answered_ < 4 * i) std::this_thread::yield();
      add_event(random, partition_);
      partition_.apply(1);
      ++written_;
    }
    done_ = true;
  }

  void check() {
    size_t cached = 0;
    for (const auto& [request, answer] : answers_) {
      const auto view = views_.find(answer.position.offset);
      ASSERT_NE(view, views_.end());
      ASSERT_EQ(spelled(answer), spelled(engine_.retrieve(*view->second, *request).value())) << answer.cached;
      cached += answer.cached ? 1 : 0;
    }
    EXPECT_GT(cached, 100u);
    EXPECT_GT(cache_.counters().stale_prevented, 20u);
  }

 private:
  void committed(const Touched& touched) {
    auto view = partition_view();
    if (view != nullptr) views_.insert_or_assign(view->meta().next_offset, std::move(view));
    cache_.raise(PartitionId(0), touched);
  }
  // Opening tells before there is a partition to look at; nothing has been read then.
  std::unique_ptr<View> partition_view() const { return opened_ ? partition_.view() : nullptr; }

  Engine engine_{Profile::defaults()};
  ResultCache cache_{{.epoch_rows = 64}};
  std::vector<RetrieveRequest> requests_;
  std::atomic<bool> done_ = false;
  // They keep step, so that they meet.
  std::atomic<int> answered_ = 0;
  std::atomic<int> written_ = 0;
  bool opened_ = false;
  RealPartition partition_{2, [this](PartitionId, const Touched& touched) { committed(touched); }, true};
  Source source_{partition_};
  std::map<uint64_t, std::unique_ptr<View>> views_;  // by the one thread that commits, and after it has ended
  std::mutex mutex_;
  std::vector<std::pair<const RetrieveRequest*, Answer>> answers_;

 public:
  void open() {
    opened_ = true;
    partition_.apply(100);
  }
};

TEST(CachedRows, WhoHasSeenAPositionNeverGetsAnAnswerFromBeforeIt) {
  Readers readers;
  readers.open();
  std::thread one([&] { readers.read(1); });
  std::thread two([&] { readers.read(2); });
  readers.write(3, 400);
  one.join();
  two.join();
  readers.check();
}

}  // namespace
}  // namespace mnemo::query_test
