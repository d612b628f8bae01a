// OperationRunner::list: what the journal tells, page by page.
#include <algorithm>
#include <iterator>

#include "consumers/operations.h"
#include "events/coding.h"
#include "events/hash.h"

namespace mnemo {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

std::string cursor_of(const OperationPlace& place) {
  std::string bytes;
  put_be64(bytes, static_cast<uint64_t>(place.started_at_ms) ^ kSignBit);
  return to_hex(bytes.append(place.id.begin(), place.id.end()));
}

Result<std::optional<OperationPlace>> parse_cursor(std::string_view cursor) {
  if (cursor.empty()) return std::optional<OperationPlace>();
  const auto bytes = from_hex(cursor);
  const auto id = bytes && bytes->size() == 24 ? bytes16(std::string_view(*bytes).substr(8)) : std::nullopt;
  if (!id) return fail(Code::kInvalidArgument, "the cursor is none that an answer gave: leave it out to begin again");
  return std::optional(OperationPlace{static_cast<TimestampMs>(get_be64(bytes->data()) ^ kSignBit), *id});
}

}  // namespace

Result<OperationPage> OperationRunner::list(size_t limit, std::string_view cursor,
                                            const WantedOperation& wanted) const {
  MNEMO_ASSIGN(const std::optional<OperationPlace> after, parse_cursor(cursor));
  OperationPage page;
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    MNEMO_ASSIGN(const auto view, node_.view(PartitionId(p)));
    MNEMO_ASSIGN(std::vector<Operation> found, list_operations(*view, limit + 1, after, wanted));
    std::move(found.begin(), found.end(), std::back_inserter(page.operations));
  }
  std::sort(page.operations.begin(), page.operations.end(),
            [](const Operation& a, const Operation& b) { return place_of(a) < place_of(b); });
  if (page.operations.size() <= limit) return page;
  page.operations.resize(limit);
  if (limit > 0) page.next_cursor = cursor_of(place_of(page.operations.back()));
  return page;
}

}  // namespace mnemo
