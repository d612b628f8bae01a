// import into a server: the memories of the input in batches, its links one by one; embeddings come with memories.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "events/tell_aside.h"
#include "server/import_present.h"
#include "server/import_tally.h"
#include "server/interrupt.h"
#include "server/remote.h"
#include "server/remote_embeddings.h"
#include "server/remote_messages.h"

namespace mnemo {
namespace {

constexpr int kBatchMemories = 200;
constexpr size_t kBatchBytes = 4 << 20;

class RemoteImport {
 public:
  RemoteImport(Remote remote, ImportSource& source, ImportCounts& counts)
      : remote_(std::move(remote)), source_(source), counts_(counts) {}

  Status run() {
    while (true) {
      const std::string before = source_.where();
      Result<std::optional<v1::Envelope>> next = source_.next();
      if (Interrupt::asked()) next = fail(Code::kCancelled, "the import was stopped", true);
      const bool end = !next || !*next;
      // What came before is sent, whatever follows.
      if (end) MNEMO_TRY(send_batch(before));
      if (!next) return fail(next.error());
      if (end) return {};
      ++read_;
      MNEMO_TRY(take(**next, before));
    }
  }

 private:
  Status take(const v1::Envelope& event, const std::string& before) {
    if (event.has_remembered()) {
      *batch_.add_memories() = memory_input_from(event);
      wheres_.push_back(source_.where());
      lines_.push_back(event);
      bytes_ += event.ByteSizeLong();
      const bool full = batch_.memories_size() >= kBatchMemories || bytes_ >= kBatchBytes;
      return full ? send_batch(source_.where()) : Status{};
    }
    MNEMO_TRY(send_batch(before));  // the memories that it is about
    if (event.has_linked()) return send_link(event);
    return count_attached(event);
  }

  // A memory brings its first embedding with it. The doors take no other yet, and what else the file has they do.
  Status count_attached(const v1::Envelope& event) {
    const v1::EmbeddingAttached& e = event.embedding_attached();
    const auto there = embeddings_.hold(event, e.memory_id(), e.embedding());
    if (!there && there.error().retryable) return fail(there.error());
    if (there && *there) {
      ++counts_.present;
    } else {
      refuse(
          source_.where(),
          "attaching an embedding over a server comes with a later version: stop the server, run `mnemo import --data "
          "DIR` with its directory and this file, and start it again; what is there stays as it is");
    }
    counts_.durable = source_.where();
    return {};
  }

  Status send_batch(const std::string& covered) {
    if (batch_.memories_size() == 0) return {};
    MNEMO_ASSIGN(const auto answer, remote_.ask(&Service::remember_batch, std::exchange(batch_, {})));
    bytes_ = 0;
    const std::vector<std::string> wheres = std::exchange(wheres_, {});
    const std::vector<v1::Envelope> lines = std::exchange(lines_, {});
    if (static_cast<size_t>(answer.results_size()) != wheres.size()) {
      return fail(Code::kInternal, "the server answered another number of memories than it was sent");
    }
    for (int i = 0; i < answer.results_size(); ++i) {
      const auto at = static_cast<size_t>(i);
      MNEMO_TRY(count(answer.results(i), wheres[at], lines[at]));
    }
    counts_.durable = covered;
    if (drawn_) tell_aside(fmt::format("\r{}", progress_bar(source_.progress_permille(), read_)));
    return {};
  }

  // A line with an id and no key, as an export has them, says another request than the one that made its memory.
  Result<LineFinding> find(const v1::Envelope& line) {
    v1::GetMemoryRequest request;
    request.set_namespace_(line.namespace_());
    request.set_agent_id(line.agent_id());
    request.set_id(line.remembered().memory_id());
    const auto answer = remote_.ask(&Service::get, std::move(request));
    if (!answer) return LineFinding{};
    v1::Envelope compared = line;
    if (line.remembered().has_embedding()) {
      const auto there = embeddings_.hold(line, line.remembered().memory_id(), line.remembered().embedding());
      if (there && *there) compared.mutable_remembered()->clear_embedding();
    }
    return compare_line(compared, {importable_json_from(memory_from(answer->memory()))});
  }

  Status count(const v1::RememberBatchResponse::Result& result, const std::string& where, const v1::Envelope& line) {
    if (!result.has_error()) {
      const v1::RememberResponse& r = result.remembered();
      ++(r.forgotten() ? counts_.forgotten : r.duplicate() ? counts_.present : counts_.remembered);
      return {};
    }
    if (result.error().retryable()) {
      return fail(Code::kUnavailable, fmt::format("{}: {}", where, result.error().message()), true);
    }
    const bool keyless = line.idempotency_key().empty() && !line.remembered().memory_id().empty();
    LineFinding found;
    if (keyless && result.error().code() == code_name(Code::kAlreadyExists)) {
      MNEMO_ASSIGN(found, find(line));
    }
    if (found.there) {
      ++counts_.present;
    } else {
      refuse(where, found.why.empty() ? result.error().message() : found.why);
    }
    return {};
  }

  // A link has no key in an export: made again, it would count as another one.
  bool is_there(const v1::Envelope& event) {
    v1::GetMemoryRequest request;
    request.set_namespace_(event.namespace_());
    request.set_agent_id(event.agent_id());
    request.set_id(event.linked().from_memory_id());
    const auto answer = remote_.ask(&Service::get, std::move(request));
    return answer && std::ranges::any_of(answer->links(), [&event](const v1::MemoryLink& link) {
             return link.type() == event.linked().type() && link.to() == event.linked().to_memory_id();
           });
  }

  Status send_link(const v1::Envelope& event) {
    if (event.idempotency_key().empty() && is_there(event)) {
      ++counts_.present;
      counts_.durable = source_.where();
      return {};
    }
    v1::LinkMemoriesRequest request;
    request.set_namespace_(event.namespace_());
    request.set_agent_id(event.agent_id());
    request.set_id(event.linked().from_memory_id());
    request.set_type(event.linked().type());
    request.set_to(event.linked().to_memory_id());
    const auto answer = remote_.ask(&Service::link, std::move(request), event.idempotency_key());
    if (!answer && answer.error().retryable) return fail(answer.error());
    if (answer) {
      ++(answer->duplicate() ? counts_.present : counts_.linked);
    } else {
      refuse(source_.where(), answer.error().message);
    }
    counts_.durable = source_.where();
    return {};
  }

  void refuse(const std::string& where, const std::string& why) {
    ++counts_.refused;
    if (counts_.refusals.size() < kRefusalsTold) counts_.refusals.push_back(fmt::format("{}: {}", where, why));
  }

  Remote remote_;
  RemoteEmbeddings embeddings_{remote_};
  ImportSource& source_;
  ImportCounts& counts_;
  v1::RememberBatchRequest batch_;
  std::vector<std::string> wheres_;
  std::vector<v1::Envelope> lines_;
  size_t bytes_ = 0;
  uint64_t read_ = 0;
  const bool drawn_ = isatty(STDERR_FILENO) != 0;
};

}  // namespace

Status import_remotely(const CommonOptions& common, ImportSource& source, ImportCounts& counts) {
  MNEMO_ASSIGN(Remote remote, Remote::connect(common));
  const Interrupt interrupt;
  const Status imported = RemoteImport(std::move(remote), source, counts).run();
  if (isatty(STDERR_FILENO) != 0) tell_aside("\n");
  return imported;
}

}  // namespace mnemo
