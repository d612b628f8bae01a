#include "projector/store/db_rows.h"

#include <algorithm>
#include <array>

#include "projector/store/store_resources.h"

namespace mnemo {
namespace {

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }
tl::unexpected<Error> closed() { return fail(database_closed()); }

}  // namespace

Result<bool> DbRows::get(std::string_view key, std::string& value) const {
  if (db_ == nullptr) return closed();
  const rocksdb::Status status = db_->Get(options_, db_->DefaultColumnFamily(), slice(key), &value);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return fail(storage_error(status, "cannot read a row of the projection"));
}

Status DbRows::get_all(std::span<const std::string> keys, const VisitFound& visit) const {
  if (db_ == nullptr) return closed();
  // One call for this many: what RocksDB looks up together, and what fits on the stack.
  constexpr size_t kTogether = 16;
  std::array<rocksdb::Slice, kTogether> sought;
  std::array<rocksdb::Status, kTogether> statuses;
  for (size_t first = 0; first < keys.size(); first += kTogether) {
    const size_t n = std::min(kTogether, keys.size() - first);
    std::array<rocksdb::PinnableSlice, kTogether> values;
    for (size_t i = 0; i < n; ++i) sought[i] = slice(keys[first + i]);
    db_->MultiGet(options_, db_->DefaultColumnFamily(), n, sought.data(), values.data(), statuses.data(), true);
    for (size_t i = 0; i < n; ++i) {
      if (statuses[i].ok()) {
        visit(first + i, view(values[i]));
      } else if (!statuses[i].IsNotFound()) {
        return fail(storage_error(statuses[i], "cannot read a row of the projection"));
      }
    }
  }
  return {};
}

Status DbRows::scan(std::string_view from, std::string_view to, const Visit& visit) const {
  if (db_ == nullptr) return closed();
  rocksdb::ReadOptions options = options_;
  const rocksdb::Slice upper = slice(to);
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
  for (at->Seek(slice(from)); at->Valid(); at->Next()) {
    if (!visit(view(at->key()), view(at->value()))) return {};
  }
  if (!at->status().ok()) return fail(storage_error(at->status(), "cannot scan rows of the projection"));
  return {};
}

Result<bool> DbRows::last(std::string_view from, std::string_view to, std::string& key, std::string& value) const {
  if (db_ == nullptr) return closed();
  rocksdb::ReadOptions options = options_;
  const rocksdb::Slice lower = slice(from);
  const rocksdb::Slice upper = slice(to);
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
  at->SeekToLast();
  if (!at->Valid()) {
    if (!at->status().ok()) return fail(storage_error(at->status(), "cannot seek in the projection"));
    return false;
  }
  key.assign(view(at->key()));
  value.assign(view(at->value()));
  return true;
}

}  // namespace mnemo
