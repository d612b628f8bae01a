#include "projector/store/record.h"

#include "events/coding.h"
#include "events/fixed_point.h"
#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

// The first byte of a record row.
constexpr uint8_t kStubRow = 0;
constexpr uint8_t kRecordRow = 1;

enum Flag : uint8_t {
  kObservedGiven = 1,
  kExpiresGiven = 2,
  kPinned = 4,
  kHasFingerprint = 8,
  kIsUpdate = 16,  // version > 1: previous document, first version's event id and time follow
  kHasExpiry = 32,
  kHasImportance = 64,
};

void put_raw16(std::string& out, const Bytes16& bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Bytes16 raw16(Decoder& in) {
  Bytes16 bytes{};
  const std::string_view view = in.raw(bytes.size());
  if (view.size() == bytes.size()) std::memcpy(bytes.data(), view.data(), bytes.size());
  return bytes;
}

uint8_t flags_of(const Record& r) {
  return static_cast<uint8_t>((r.observed_at_given ? kObservedGiven : 0) | (r.expires_at_given ? kExpiresGiven : 0) |
                              (r.pinned ? kPinned : 0) | (r.fingerprint.empty() ? 0 : kHasFingerprint) |
                              (r.version > 1 ? kIsUpdate : 0) | (r.expires_at_ms != 0 ? kHasExpiry : 0) |
                              (r.importance >= 0 ? kHasImportance : 0));
}

void put_metadata(const std::vector<MetadataView>& metadata, std::string& out) {
  put_varint(out, metadata.size());
  for (const MetadataView& entry : metadata) {
    put_bytes(out, entry.key);
    out.push_back(static_cast<char>(entry.type));
    switch (entry.type) {
      case MetadataView::Type::kText: put_bytes(out, entry.text); break;
      case MetadataView::Type::kNumber: put_be64(out, entry.number_bits); break;
      case MetadataView::Type::kFlag: out.push_back(entry.flag ? 1 : 0); break;
    }
  }
}

bool read_metadata(Decoder& in, std::vector<MetadataView>& metadata) {
  const uint64_t count = in.varint();
  if (count > in.left()) return false;
  metadata.resize(static_cast<size_t>(count));
  for (MetadataView& entry : metadata) {
    entry = MetadataView{};
    entry.key = in.bytes();
    entry.type = static_cast<MetadataView::Type>(in.u8());
    switch (entry.type) {
      case MetadataView::Type::kText: entry.text = in.bytes(); break;
      case MetadataView::Type::kNumber: entry.number_bits = in.be64(); break;
      case MetadataView::Type::kFlag: entry.flag = in.u8() != 0; break;
      default: return false;
    }
  }
  return in.ok();
}

// What clients send as text and lists: the same bytes in the row and in the content digest.
void put_client_fields(const Record& r, std::string& out) {
  out.push_back(static_cast<char>(r.memory_class));
  out.push_back(static_cast<char>(r.tier));
  for (const std::string_view field : {r.session_id, r.speaker, r.kind, r.source, r.text, r.content}) {
    put_bytes(out, field);
  }
  put_varint(out, r.tags.size());
  for (const std::string_view tag : r.tags) put_bytes(out, tag);
  put_metadata(r.metadata, out);
}

bool read_client_fields(Decoder& in, Record& r) {
  r.memory_class = in.u8();
  r.tier = in.u8();
  for (std::string_view* field : {&r.session_id, &r.speaker, &r.kind, &r.source, &r.text, &r.content}) {
    *field = in.bytes();
  }
  const uint64_t tags = in.varint();
  if (tags > in.left()) return false;
  r.tags.resize(static_cast<size_t>(tags));
  for (std::string_view& tag : r.tags) tag = in.bytes();
  return read_metadata(in, r.metadata);
}

}  // namespace

void encode_record(const Record& r, std::string& out) {
  if (r.stub) {
    out.push_back(static_cast<char>(kStubRow));
    return;
  }
  out.push_back(static_cast<char>(kRecordRow));
  out.push_back(static_cast<char>(flags_of(r)));
  put_varint(out, r.version);
  put_varint(out, r.seq);
  put_raw16(out, r.event_id);
  put_varint(out, zigzag(r.recorded_at_ms));
  put_varint(out, zigzag(r.observed_at_ms - r.recorded_at_ms));
  if (r.version > 1) {
    put_varint(out, r.previous_doc);
    put_raw16(out, r.created_event_id);
    put_varint(out, zigzag(r.created_at_ms));
  }
  if (!r.fingerprint.empty()) out.append(r.fingerprint);
  if (r.expires_at_ms != 0) put_varint(out, zigzag(r.expires_at_ms));
  if (r.importance >= 0) put_varint(out, static_cast<uint64_t>(r.importance));
  put_bytes(out, r.memory_key);
  put_client_fields(r, out);
}

Status decode_record(std::string_view row, Record& r) {
  Decoder in(row);
  const uint8_t type = in.u8();
  if (type == kStubRow && in.done()) {
    r = Record{};
    r.stub = true;
    return {};
  }
  const uint8_t flags = in.u8();
  r.stub = false;
  r.observed_at_given = (flags & kObservedGiven) != 0;
  r.expires_at_given = (flags & kExpiresGiven) != 0;
  r.pinned = (flags & kPinned) != 0;
  r.version = static_cast<uint32_t>(in.varint());
  r.seq = in.varint();
  r.event_id = raw16(in);
  r.recorded_at_ms = in.zigzag64();
  const bool in_range = !__builtin_add_overflow(r.recorded_at_ms, in.zigzag64(), &r.observed_at_ms);
  const bool update = (flags & kIsUpdate) != 0;
  r.previous_doc = update ? static_cast<uint32_t>(in.varint()) : 0;
  r.created_event_id = update ? raw16(in) : r.event_id;
  r.created_at_ms = update ? in.zigzag64() : r.recorded_at_ms;
  r.fingerprint = (flags & kHasFingerprint) != 0 ? in.raw(16) : std::string_view();
  r.expires_at_ms = (flags & kHasExpiry) != 0 ? in.zigzag64() : 0;
  r.importance = (flags & kHasImportance) != 0 ? static_cast<int32_t>(in.varint()) : -1;
  r.memory_key = in.bytes();
  if (type != kRecordRow || !in_range || !read_client_fields(in, r) || !in.done() || r.memory_key.empty()) {
    return fail(Code::kDataLoss,
                "a record row is damaged: run `mnemo verify`, then rebuild the projection from the log");
  }
  return {};
}

void encode_record_content(const Record& r, std::string& out) {
  put_bytes(out, is_server_made(r.memory_key) ? std::string_view() : r.memory_key);
  put_varint(out, r.version);
  out.push_back(static_cast<char>(flags_of(r) & (kObservedGiven | kExpiresGiven | kPinned)));
  put_varint(out, r.observed_at_given ? zigzag(r.observed_at_ms) : 0);
  put_varint(out, r.expires_at_given ? zigzag(r.expires_at_ms) : 0);
  put_varint(out, static_cast<uint64_t>(r.importance + 1));
  put_client_fields(r, out);
}

std::string_view class_name(uint8_t memory_class) {
  switch (memory_class) {
    case 2: return "semantic";
    case 3: return "procedural";
    case 4: return "working";
    default: return "episodic";
  }
}

std::string_view tier_name(uint8_t tier) {
  switch (tier) {
    case 2: return "mid";
    case 3: return "long";
    default: return "short";
  }
}

void put_metadata_term(const MetadataView& entry, std::string& out) {
  out.append(entry.key);
  out.push_back('\0');
  out.push_back(static_cast<char>(entry.type));
  switch (entry.type) {
    case MetadataView::Type::kText: out.append(entry.text); break;
    case MetadataView::Type::kNumber:
      // Flipping the sign bit makes unsigned byte order the order of the numbers.
      put_be64(out, static_cast<uint64_t>(sortable_from_double_bits(entry.number_bits)) ^ (uint64_t{1} << 63));
      break;
    case MetadataView::Type::kFlag: out.push_back(entry.flag ? 1 : 0); break;
  }
}

}  // namespace mnemo
