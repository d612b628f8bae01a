// forget_by_filter: one event, then the work that it leaves behind, then the count that its key has.
#include <fmt/format.h>

#include <memory>

#include "events/uuid.h"
#include "query/request.h"
#include "server/service/events.h"
#include "server/service/work.h"

namespace mnemo {

struct NodeService::FilterForget {
  OpenReply<v1::ForgetByFilterResponse> answer;
  MonotonicTime deadline;
  PreparedEvent event;
  PartitionId partition;
  v1::ForgetByFilterResponse response;  // as far as it is known
  bool key_made = false;                // here, for a request without one

  // It may have begun: whoever is to ask again must know the key.
  void refuse(Error error) const {
    if (key_made && error.retryable) {
      error.message += fmt::format(" ('idempotency_key' {} was made for it)", response.idempotency_key());
    }
    (*answer)(fail(std::move(error)));
  }
};

void NodeService::forget_by_filter(const Call& call, v1::ForgetByFilterRequest request,
                                   Reply<v1::ForgetByFilterResponse> reply) {
  if (request.dry_run()) return dry_run(call, std::move(request), std::move(reply));
  Result<v1::Envelope> event = event_from(call, std::move(request));
  if (!event) return reply(fail(std::move(event).error()));
  // Without a key nobody could ask for the count of one that is answered while it goes on.
  const bool key_made = event->idempotency_key().empty();
  if (key_made) event->set_idempotency_key(to_hex(node_.next_id()));
  Result<PreparedEvent> prepared = prepare(*event);
  if (!prepared) return reply(fail(std::move(prepared).error()));
  const auto forget = std::make_shared<FilterForget>();
  forget->answer = calls_.count(std::move(reply));
  forget->deadline = call.deadline;
  forget->partition = prepared->record.partition;
  const Cost cost{1, prepared->record.value.size()};
  forget->event = *std::move(prepared);
  forget->response.set_idempotency_key(event->idempotency_key());
  forget->key_made = key_made;
  Work work{TaskClass::kWrite, event->namespace_(), event->agent_id(), cost, call.deadline};
  enqueue<v1::ForgetByFilterResponse>(std::move(work), forget->answer,
                                      [this, forget](const Running& running) { run_forget(forget, running); });
}

void NodeService::run_forget(const std::shared_ptr<FilterForget>& forget, const Running& running) {
  write_within(waiting_, {forget->event}, forget->deadline,
               [this, forget, running](const Result<std::vector<Result<Settled>>>& written) {
                 if (!written) return forget->refuse(written.error());
                 if (!written->front()) return forget->refuse(written->front().error());
                 const Settled& settled = *written->front();
                 v1::ForgetByFilterResponse& response = forget->response;
                 response.set_event_id(uuid_text(settled.event_id));
                 response.set_position(to_string(settled.position));
                 response.set_duplicate(settled.outcome.kind == Outcome::Kind::kDuplicate && !settled.pending);
                 response.set_forgotten(settled.outcome.count);
                 response.set_pending(settled.pending || settled.outcome.pending);
                 if (settled.pending || !settled.outcome.pending) return (*forget->answer)(response);
                 await_forgotten(forget, running);
               });
}

// Work is done in the order in which it came: when what is there now is done, so is this.
void NodeService::await_forgotten(const std::shared_ptr<FilterForget>& forget, const Running& running) {
  const uint64_t end = node_.projection(forget->partition).applied().pending_next;
  wait_until(
      waiting_, forget->partition, [end](const Meta& meta) { return meta.pending_first >= end; }, forget->deadline,
      [this, forget, running](const Status& done) {
        if (!done) return (*forget->answer)(forget->response);
        count_forgotten(forget, running);
      });
}

// The same event once more: its key answers with the count by now.
void NodeService::count_forgotten(const std::shared_ptr<FilterForget>& forget, const Running& running) {
  write_within(waiting_, {forget->event}, forget->deadline,
               [forget, running](const Result<std::vector<Result<Settled>>>& written) {
                 const bool counted = written && written->front() && !written->front()->pending;
                 if (counted) {
                   forget->response.set_forgotten(written->front()->outcome.count);
                   forget->response.set_pending(written->front()->outcome.pending);
                 }
                 (*forget->answer)(forget->response);
               });
}

}  // namespace mnemo
