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
  put_varint(row, turn);
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
  turn = in.varint();
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

void IndexQueue::push(RowWriter& rows, IndexTask& task) {
  task.turn = backlog_.turns;
  rows.put(task_key(backlog_.next++), task.encode());
}

Result<bool> IndexQueue::first(const RowReader& rows, IndexTask& task, TaskCursor& cursor) {
  if (backlog_.empty()) return false;
  const uint64_t number = backlog_.first;
  std::string row;
  MNEMO_ASSIGN(const bool found, rows.get(task_key(number), row));
  if (!found) return missing_row(task_key(number));
  if (!task.decode(row)) return damaged_row(task_key(number));
  cursor = TaskCursor();
  MNEMO_ASSIGN(const bool begun, rows.get(cursor_key(number), row));
  if (begun && !cursor.decode(row)) return damaged_row(cursor_key(number));
  return true;
}

void IndexQueue::save(RowWriter& rows, const TaskCursor& cursor) {
  rows.put(cursor_key(backlog_.first), cursor.encode());
}

void IndexQueue::pop(RowWriter& rows) {
  rows.erase(task_key(backlog_.first));
  rows.erase(cursor_key(backlog_.first));
  ++backlog_.first;
  if (backlog_.empty()) backlog_ = IndexBacklog();
}

}  // namespace mnemo
