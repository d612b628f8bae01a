#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "events/hash.h"
#include "server/file.h"
#include "server/import.h"
#include "server/json_line.h"

namespace mnemo {
namespace {

class JsonlSource final : public ImportSource {
 public:
  JsonlSource(std::unique_ptr<std::istream> file, uint64_t size, std::string name_space)
      : file_(std::move(file)), size_(size), name_space_(std::move(name_space)) {}

  Result<std::optional<v1::Envelope>> next() override {
    std::string line;
    while (std::getline(*file_, line)) {
      ++number_;
      read_ += line.size() + 1;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      Result<v1::Envelope> envelope = parse(line);
      if (!envelope) {
        return fail(envelope.error().code, fmt::format("{}: {}", where(), envelope.error().message));
      }
      return std::optional(std::move(*envelope));
    }
    if (file_->bad()) return fail(Code::kUnavailable, fmt::format("cannot read on after line {}", number_), true);
    return std::nullopt;
  }

  std::string where() const override { return fmt::format("line {}", number_); }
  // At most all of it: the last line may lack the newline that is counted with it, and the file may grow meanwhile.
  int progress_permille() const override {
    return size_ == 0 ? 1000 : static_cast<int>(std::min(read_, size_) * 1000 / size_);
  }

 private:
  Result<v1::Envelope> parse(const std::string& line) {
    MNEMO_ASSIGN(const Json json, parse_json(line));
    MNEMO_ASSIGN(v1::Envelope envelope, envelope_from_line(json, name_space_));
    if (!envelope.has_remembered()) return envelope;
    const bool named = !envelope.idempotency_key().empty() || !envelope.remembered().memory_id().empty();
    if (!named) {
      const std::string hash = to_hex(blake2b_128(line));
      envelope.set_idempotency_key(fmt::format("line/{}/{}", hash, equal_lines_[hash]++));
    }
    return envelope;
  }

  std::unique_ptr<std::istream> file_;
  uint64_t size_;
  std::string name_space_;
  uint64_t number_ = 0;
  uint64_t read_ = 0;
  std::map<std::string, uint64_t> equal_lines_;
};

}  // namespace

Result<std::unique_ptr<ImportSource>> open_jsonl(const std::string& path, const std::string& name_space) {
  MNEMO_ASSIGN(auto file, open_file(path));
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  return std::make_unique<JsonlSource>(std::move(file), error ? 0 : size, name_space);
}

}  // namespace mnemo
