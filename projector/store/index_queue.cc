#include "projector/store/index_queue.h"

#include "events/coding.h"
#include "projector/store/index_page.h"
#include "projector/store/keys.h"

namespace mnemo {
namespace {

std::string task_key(uint64_t number) { return keys::of_sequence(keys::Row::kIndexWork, number); }
std::string cursor_key(uint64_t number) { return task_key(number) + 'c'; }

}  // namespace

std::string IndexTask::encode() const {
  std::string row(1, static_cast<char>(kind));
  put_varint(row, ord.value);
  switch (kind) {
    case Kind::kMerge:
      put_varint(row, level);
      put_varint(row, segment);
      return row;
    case Kind::kScrub: break;
  }
  put_varint(row, doc);
  uint32_t before = 0;
  for (const uint32_t term : terms) {
    put_varint(row, term - before);
    before = term;
  }
  return row;
}

bool IndexTask::decode(std::string_view row) {
  Decoder in(row);
  const auto number32 = [&] { return static_cast<uint32_t>(in.varint()); };
  kind = static_cast<Kind>(in.u8());
  ord = AgentOrd(number32());
  terms.clear();
  if (kind == Kind::kMerge) {
    level = number32();
    segment = number32();
    return in.done();
  }
  doc = number32();
  uint32_t term = 0;
  while (in.ok() && !in.at_end()) terms.push_back(term += number32());
  return in.done() && kind == Kind::kScrub;
}

std::string TaskCursor::encode() const {
  std::string row;
  for (const uint32_t v : {phase, a, b, c}) put_varint(row, v);
  return row;
}

bool TaskCursor::decode(std::string_view row) {
  Decoder in(row);
  for (uint32_t* v : {&phase, &a, &b, &c}) *v = static_cast<uint32_t>(in.varint());
  return in.done();
}

Status IndexQueue::load(const RowReader& rows) {
  if (loaded_) return {};
  const std::string from = keys::start(keys::Row::kIndexWork);
  const std::string to = prefix_end(from);
  const auto number_of = [](std::string_view key) { return Decoder(key.substr(1)).be64(); };
  first_ = next_ = 0;
  MNEMO_TRY(rows.scan(from, to, [&](std::string_view key, std::string_view) {
    first_ = number_of(key);
    return false;
  }));
  std::string key;
  std::string value;
  MNEMO_ASSIGN(const bool found, rows.last(from, to, key, value));
  if (found) next_ = number_of(key) + 1;
  loaded_ = true;
  return {};
}

Status IndexQueue::push(RowWriter& rows, const IndexTask& task) {
  MNEMO_TRY(load(rows));
  rows.put(task_key(next_++), task.encode());
  return {};
}

Result<bool> IndexQueue::first(const RowReader& rows, IndexTask& task, TaskCursor& cursor) {
  MNEMO_TRY(load(rows));
  if (first_ == next_) return false;
  std::string row;
  MNEMO_ASSIGN(const bool found, rows.get(task_key(first_), row));
  if (!found) return missing_row(task_key(first_));
  if (!task.decode(row)) return damaged_row(task_key(first_));
  cursor = TaskCursor();
  MNEMO_ASSIGN(const bool begun, rows.get(cursor_key(first_), row));
  if (begun && !cursor.decode(row)) return damaged_row(cursor_key(first_));
  return true;
}

void IndexQueue::save(RowWriter& rows, const TaskCursor& cursor) { rows.put(cursor_key(first_), cursor.encode()); }

void IndexQueue::pop(RowWriter& rows) {
  rows.erase(task_key(first_));
  rows.erase(cursor_key(first_));
  if (++first_ == next_) first_ = next_ = 0;
}

}  // namespace mnemo
