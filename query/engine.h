// File: query/engine.h
// What do we know: the one entry to reading memories. plan -> gather -> rank -> pack, over one View.
//
// A retrieve is a pure function of (view, request, profile): the same request at the same position gives the same
// bytes on every replica, compiler and CPU. Reads change nothing. Scores are int64 fixed point (events/fixed_point.h).
//
//   Engine engine(Profile::defaults());
//   Result<Answer> answer = engine.retrieve(view, {.name_space = "acme", .agent_id = "nina", .query = "which tea?"});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/envelope.h"
#include "events/fixed_point.h"
#include "projector/store/view.h"

namespace mnemo {

// A memory as an answer holds it: values, no views.
struct Memory {
  std::string id;
  std::string name_space;
  std::string agent_id;
  uint32_t version = 0;
  std::string text;
  std::string session_id;
  std::string speaker;
  std::string memory_class;
  std::string kind;
  std::string tier;
  std::vector<std::string> tags;
  struct MetadataValue {
    std::string key;
    MetadataView::Type type;
    std::string text;
    uint64_t number_bits = 0;
    bool flag = false;
  };
  std::vector<MetadataValue> metadata;
  std::string content;  // JSON text, or empty
  std::string source;
  TimestampMs observed_at_ms = 0;
  TimestampMs created_at_ms = 0;   // recorded_at of version 1
  TimestampMs recorded_at_ms = 0;  // of this version
  TimestampMs expires_at_ms = 0;   // 0: never
  int32_t importance = -1;         // thousandths; -1: not given
  bool pinned = false;
  bool superseded = false;  // history only: a newer version exists
  std::string event_id;     // of this version, as UUID text
};
Memory memory_from(const Record& record, std::string_view name_space, std::string_view agent_id);

struct RetrieveRequest {
  std::string name_space{};
  std::string agent_id{};
  std::string query{};  // empty: newest first
  uint32_t limit = 10;  // 1 to 1000
  std::optional<v1::Filter> filter{};
  std::optional<TimestampMs> reference_time_ms{};  // default: the partition's event time at the view
  uint32_t context_token_budget = 0;               // 0: no packed context
  bool explain = false;
};

struct TermShare {
  std::string term;
  uint32_t documents = 0;  // live documents of the agent that hold it
  uint32_t count = 0;      // in this memory
  int64_t share = 0;       // of the score
};

struct Hit {
  Memory memory;
  int64_t score = 0;
  std::vector<TermShare> terms;  // with explain
};

// What the reading cost, and what was decided on the way.
struct Explain {
  std::string profile;  // hash of the ranking profile
  std::vector<std::string> query_terms;
  std::vector<std::string> dropped;  // names of speakers left out of the question
  uint32_t documents = 0;            // visible to this request before its filter
  uint32_t candidates = 0;           // that match, the answer's among them
  IndexReads reads;                  // of the answer: what explaining it takes comes on top
};

struct Answer {
  std::vector<Hit> hits;   // best first; ties: newest observed, then greater document number, then id
  Position position;       // of the view: everything before it is in the answer
  bool truncated = false;  // more memories match than were returned
  std::string context;     // packed, within the budget
  // The event time from which on the answer may be another though nothing of the agent changes: the next expiry among
  // all that it was made of. INT64_MAX: never.
  TimestampMs stands_until_ms = INT64_MAX;
  bool cached = false;  // kept from an earlier request
  Explain explain;      // filled with request.explain
};

// Constants of ranking: configuration, fixed per request; its hash stands in every explain.
struct Profile {
  int64_t k1 = kFixedOne * 12 / 10;
  int64_t b = kFixedOne * 3 / 4;
  bool drop_speaker_names = true;
  static Profile defaults() { return {}; }
  // INVALID_ARGUMENT: k1 outside 0 to 100, b outside 0 to 1.
  Status check() const;
  // 32 hexadecimal digits of every field, the formula and the analysis: equal hashes rank alike.
  std::string hash() const;
};

// Documents that the filter matches, decided through the index; equals matches() on every record.
Status evaluate_filter(AgentIndex& index, const v1::Filter& filter, DocSet& out);

// Live documents that answers may hold at `reference_time_ms`: not masked, not expired, not under a pending forget.
struct Visible {
  DocSet docs;
  TimestampMs until_ms = INT64_MAX;  // no document of the set expires before this event time
};
Result<Visible> visible_documents(const View& view, const AgentRef& agent, AgentIndex& index,
                                  TimestampMs reference_time_ms);

// From as many documents on, passing over postings takes less time than scoring them all: measured, by questions of
// eight words, 1.10 of it at 1,000, 1.06 at 2,000, 0.85 at 4,000 and 0.64 at 100,000 (docs/decisions/0022).
inline constexpr uint32_t kPrunedDocsMin = 4096;

// Thread-safe: holds configuration only.
class Engine {
 public:
  // `pruned_docs_min`: for agents of as many documents postings that cannot matter are passed over (query/prune.h). It
  // changes no answer.
  explicit Engine(Profile profile, uint32_t pruned_docs_min = kPrunedDocsMin)
      : profile_(profile), profile_hash_(profile.hash()), pruned_docs_min_(pruned_docs_min) {}

  const std::string& profile_hash() const { return profile_hash_; }

  const Profile& profile() const { return profile_; }

  // INVALID_ARGUMENT: limit out of range, filter or scope invalid, query too long or not UTF-8, profile out of range.
  // DATA_LOSS: the index names a document whose record is not there. An agent that is not known has an empty answer.
  Result<Answer> retrieve(const View& view, const RetrieveRequest& request) const;

  // One memory as it is now; NOT_FOUND when absent, forgotten or expired (the message does not tell which).
  Result<Memory> get(const View& view, std::string_view name_space, std::string_view agent_id, std::string_view id,
                     std::optional<TimestampMs> reference_time_ms = std::nullopt) const;

  // Every version, newest first; NOT_FOUND as get().
  Result<std::vector<Memory>> history(const View& view, std::string_view name_space, std::string_view agent_id,
                                      std::string_view id) const;

  struct Page {
    std::vector<Memory> memories;
    std::string next_cursor;  // empty: that was all
    bool truncated = false;
    Position position;
  };
  // Visible memories, newest document first; `cursor` from the page before, or empty. limit 1 to 1000.
  Result<Page> list(const View& view, std::string_view name_space, std::string_view agent_id,
                    const std::optional<v1::Filter>& filter, uint32_t limit, std::string_view cursor) const;

  // How many list() would show in all.
  Result<uint64_t> count(const View& view, std::string_view name_space, std::string_view agent_id,
                         const std::optional<v1::Filter>& filter) const;

 private:
  Profile profile_;
  std::string profile_hash_;
  uint32_t pruned_docs_min_;
};

}  // namespace mnemo
