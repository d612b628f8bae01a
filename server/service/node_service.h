// File: server/service/node_service.h
// The service over a running node: what each request comes to, and who waits for what.
//
//   request ─▶ authorised ─▶ checked ─▶ scheduler ─▶ worker ─┬─ a read: waits for min_position, looks at a view ─▶
//   reply
//                                                            └─ a write: append ─▶ applied, or the deadline ─▶ reply
//
// A request is in flight in the scheduler until its reply has been made, and holds no thread while it waits: the log
// and the projections tell, a timer ends what lasts too long, and an executor makes the replies.
//
// What a key that may write and not read gets for a write has no memory in it. The position of a write is that of its
// own event, also where its key had acted before. Thread-safe; node, scheduler, engine and clock outlive it.
#pragma once

#include <memory>
#include <string>

#include "manager/scheduler.h"
#include "query/engine.h"
#include "query/result_cache.h"
#include "server/service/calls.h"
#include "server/service/operations.h"
#include "server/service/overviews.h"
#include "server/service/service.h"
#include "server/service/write.h"

namespace mnemo {

inline constexpr int kBatchMemoriesMax = 1000;  // of one RememberBatchRequest

struct NodeServiceOptions {
  std::string version;           // of the binary, for status
  std::string log = "embedded";  // what kind, for status
  size_t reply_threads = 2;
  ResultCache* cache =
      nullptr;         // whose epochs the node's projections raise; outlives the service; null: no answers are kept
  bool resume = true;  // goes on with the operations that were cut off; off: appends nothing that nobody asks for
};

class NodeService final : public Service {
 public:
  NodeService(Node& node, Scheduler& scheduler, const Engine& engine, const MonotonicClock& clock,
              NodeServiceOptions options);
  // stop(), with what is left of waits ended at once.
  ~NodeService() override;

  // Drains the scheduler, which takes nothing any more. What waits at the deadline is answered as if its own had come.
  void stop(MonotonicTime deadline);

  // The clock was moved by hand.
  void look_at_clock() {
    timer_.look_again();
    operations_.look_at_clock();
  }

  void remember(const Call& call, v1::RememberRequest request, Reply<v1::RememberResponse> reply) override;
  void remember_batch(const Call& call, v1::RememberBatchRequest request,
                      Reply<v1::RememberBatchResponse> reply) override;
  void update(const Call& call, v1::UpdateMemoryRequest request, Reply<v1::UpdateMemoryResponse> reply) override;
  void forget(const Call& call, v1::ForgetMemoryRequest request, Reply<v1::ForgetMemoryResponse> reply) override;
  void forget_by_filter(const Call& call, v1::ForgetByFilterRequest request,
                        Reply<v1::ForgetByFilterResponse> reply) override;
  void link(const Call& call, v1::LinkMemoriesRequest request, Reply<v1::LinkMemoriesResponse> reply) override;
  void unlink(const Call& call, v1::UnlinkMemoriesRequest request, Reply<v1::UnlinkMemoriesResponse> reply) override;

  void get(const Call& call, v1::GetMemoryRequest request, Reply<v1::GetMemoryResponse> reply) override;
  void history(const Call& call, v1::GetHistoryRequest request, Reply<v1::GetHistoryResponse> reply) override;
  void list(const Call& call, v1::ListMemoriesRequest request, Reply<v1::ListMemoriesResponse> reply) override;
  void agents(const Call& call, v1::ListAgentsRequest request, Reply<v1::ListAgentsResponse> reply) override;
  void export_memories(const Call& call, v1::ExportMemoriesRequest request,
                       Reply<v1::ExportMemoriesResponse> reply) override;
  void retrieve(const Call& call, v1::RetrieveRequest request, Reply<v1::RetrieveResponse> reply) override;

  void status(const Call& call, Reply<v1::GetStatusResponse> reply) override;
  void digests(const Call& call, Reply<v1::GetDigestsResponse> reply) override;

  void list_operations(const Call& call, v1::ListOperationsRequest request,
                       Reply<v1::ListOperationsResponse> reply) override;
  void get_operation(const Call& call, v1::GetOperationRequest request, Reply<v1::GetOperationResponse> reply) override;
  void set_policy(const Call& call, v1::SetPolicyRequest request, Reply<v1::SetPolicyResponse> reply) override;
  void get_policy(const Call& call, v1::GetPolicyRequest request, Reply<v1::GetPolicyResponse> reply) override;
  void rules(const Call& call, Reply<v1::GetRulesResponse> reply) override;
  void activate_rules(const Call& call, Reply<v1::ActivateRulesResponse> reply) override;

  Status ready_to_read() const override;
  Status ready_to_write() const override;

  // For who tells numbers of the whole beside it: server/service/overviews.h.
  Status look_over(std::function<void()> look) { return overviews_.post(std::move(look)); }

 private:
  struct Work;
  struct Asked;
  class Views;
  struct Read;
  struct Batch;
  struct FilterForget;

  Status caught_up(PartitionId partition) const;
  Result<PreparedEvent> prepare(v1::Envelope& envelope) const;

  template <typename Response>
  void enqueue(Work work, const OpenReply<Response>& answer, std::function<void(const Running&)> run);

  template <typename Response>
  void overview(Reply<Response> reply, std::function<Response()> look);

  template <typename Response>
  void write(const Call& call, Result<v1::Envelope> envelope, Reply<Response> reply,
             std::function<Response(const Settled&)> respond);
  template <typename Response>
  void fill_memory(const Asked& asked, const Settled& settled, Views& views, Response& response);
  v1::RememberResponse remembered(const Asked& asked, const Settled& settled, Views& views);
  void run_batch(const std::shared_ptr<Batch>& batch, const Running& running);
  v1::RememberBatchResponse answer_batch(const Batch& batch, const std::vector<Result<Settled>>& results);
  void run_forget(const std::shared_ptr<FilterForget>& forget, const Running& running);
  void await_forgotten(const std::shared_ptr<FilterForget>& forget, const Running& running);
  void count_forgotten(const std::shared_ptr<FilterForget>& forget, const Running& running);
  void dry_run(const Call& call, v1::ForgetByFilterRequest request, Reply<v1::ForgetByFilterResponse> reply);

  template <typename Request>
  Result<Read> check_read(const Call& call, const Request& request) const;
  // `look` may be called once `positions` have been applied.
  template <typename Response>
  void read_when_applied(Read read, Reply<Response> reply, std::function<Result<Response>()> look);
  template <typename Request, typename Response>
  void look(const Call& call, Request request, Reply<Response> reply);
  Result<v1::RetrieveResponse> answer_retrieve(PartitionId partition, const RetrieveRequest& request,
                                               bool cached) const;

  Node& node_;
  Scheduler& scheduler_;
  const Engine& engine_;
  const MonotonicClock& clock_;
  const NodeServiceOptions options_;
  std::vector<uint64_t> ends_at_start_;  // of the log, by partition
  Calls calls_;
  WaitPlaces places_;
  LogWatch log_watch_;
  Timer timer_;
  Executor executor_;  // what it still does uses the others
  const Waiting waiting_{node_, timer_, executor_, places_, log_watch_};
  Operations operations_;  // after what its replies use
  Overviews overviews_;    // what it still does uses the others
};

}  // namespace mnemo
