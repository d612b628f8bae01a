// File: server/import.h
// Where imported memories come from: one format each, read as a stream of envelopes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "events/envelope.h"
#include "events/result.h"

namespace mnemo {

class ImportSource {
 public:
  virtual ~ImportSource() = default;
  // The next event, or nullopt at the end. INVALID_ARGUMENT names the line or the turn that is wrong.
  virtual Result<std::optional<v1::Envelope>> next() = 0;
  // Where the event that next() gave last stands in the input: "line 17".
  virtual std::string where() const = 0;
  // How much of the input has been read, from 0 to 1000.
  virtual int progress_permille() const = 0;
};

// "[####......] 1200 read"; `permille` outside 0 to 1000 counts as the nearer end.
std::string progress_bar(int permille, uint64_t read);

// One JSON object a line: a memory, or another line of an export (json_line.h). A memory without id and key gets a key
// made from its line and from how many equal lines came before it, so that importing the file again remembers nothing
// twice.
Result<std::unique_ptr<ImportSource>> open_jsonl(const std::string& path, const std::string& name_space);

// LoCoMo's conversations: one agent each (its sample_id), one memory a turn, keyed sample_id/dia_id.
Result<std::unique_ptr<ImportSource>> open_locomo(const std::string& path, const std::string& name_space);

}  // namespace mnemo
