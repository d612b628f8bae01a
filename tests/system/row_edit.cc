// Damages a projection on purpose: flips a byte of a row's value, removes a row, or adds one, by its key in
// hexadecimal. `list` prints the keys of a kind of row.
//
//   row_edit STATE_DIR PARTITION list KIND | flip KEY | remove KEY | copy KEY TO | position NUMBER
#include <fmt/format.h>

#include <string>

#include "projector/store/batch_rows.h"
#include "projector/store/store.h"

namespace {

using namespace mnemo;

int fail_with(const std::string& why) {
  fmt::print(stderr, "row_edit: {}\n", why);
  return 2;
}

int edit(Store& store, const std::string& action, const std::string& key, const std::string& to) {
  BatchRows rows(store.rows());
  std::string value;
  const auto found = rows.get(key, value);
  if (!found || !*found) return fail_with("no such row");
  if (action == "flip") {
    if (value.empty()) return fail_with("an empty value has nothing to flip");
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
    rows.put(key, value);
  } else if (action == "remove") {
    rows.erase(key);
  } else if (action == "copy") {
    rows.put(to, value);
  } else {
    return fail_with("no such action");
  }
  const Status written = store.write(rows);
  const Status flushed = store.flush(true);
  return written && flushed ? 0 : fail_with("cannot write");
}

// Moves the position without applying what lies between: as if events had been passed over.
int set_position(Store& store, uint64_t offset) {
  BatchRows rows(store.rows());
  std::string row;
  Meta meta;
  const auto found = rows.get(kMetaKey, row);
  if (!found || !*found || !decode_meta(row, meta)) return fail_with("no meta row");
  meta.next_offset = offset;
  row.clear();
  encode_meta(meta, row);
  rows.put(kMetaKey, row);
  return store.write(rows) && store.flush(true) ? 0 : fail_with("cannot write");
}

int list(Store& store, const std::string& kind) {
  const Status scanned = store.rows().scan(kind, prefix_end(kind), [](std::string_view key, std::string_view value) {
    fmt::print("{} {}\n", to_hex(key), value.size());
    return true;
  });
  return scanned ? 0 : fail_with("cannot scan");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5)
    return fail_with(
        "usage: row_edit STATE_DIR PARTITION list KIND | flip KEY | remove KEY | copy KEY TO | position N");
  StoreResources resources(64 << 20);
  StoreOptions options;
  options.dir = std::filesystem::path(argv[1]) / (std::string("p") + argv[2]);
  options.partition = PartitionId(static_cast<uint32_t>(std::stoul(argv[2])));
  options.resources = &resources;
  const auto store = Store::open(options);
  if (!store) return fail_with(store.error().message);
  const std::string action = argv[3];
  if (action == "list") return list(**store, argv[4]);
  if (action == "position") return set_position(**store, std::stoull(argv[4]));
  const auto key = from_hex(argv[4]);
  const auto to = from_hex(argc > 5 ? argv[5] : "");
  if (!key || !to) return fail_with("keys are hexadecimal");
  return edit(**store, action, *key, *to);
}
