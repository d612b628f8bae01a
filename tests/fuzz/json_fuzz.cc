// JSON of any bytes as requests: no fault; what is taken as a filter or a memory comes out as JSON again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "events/envelope.h"
#include "mnemo/v1/service.pb.h"
#include "server/http/message_reader.h"
#include "server/http/message_writer.h"
#include "server/json/filter.h"

namespace mnemo {
namespace {

template <typename Request>
void read(const Json& json) {
  Request request;
  const Status status = MessageReader(request).read(json);
  if (status) {
    MNEMO_CHECK(request.ByteSizeLong() == 0 || !request.SerializeAsString().empty());
  } else {
    MNEMO_CHECK(status.error().code == Code::kInvalidArgument && is_utf8(status.error().message));
  }
}

void try_all(std::string_view text) {
  const Result<Json> json = parse_json(text, 67);
  if (!json) {
    MNEMO_CHECK(is_utf8(json.error().message) && json.error().message.size() < 400);
    return;
  }
  const Result<Json> again = parse_json(json_text(*json), 67);
  MNEMO_CHECK(again && *again == *json);
  const Result<v1::Filter> filter = filter_from_json(*json);
  MNEMO_CHECK(filter || filter.error().code == Code::kInvalidArgument);
  read<v1::MemoryInput>(*json);
  read<v1::UpdateMemoryRequest>(*json);
  read<v1::RetrieveRequest>(*json);
  read<v1::ForgetByFilterRequest>(*json);
  v1::Memory memory;
  memory.set_text(std::string(text));
  memory.set_content(json_text(*json));
  MNEMO_CHECK(parse_json(json_of_message(memory), 68).has_value());
}

}  // namespace
}  // namespace mnemo

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mnemo::try_all(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
