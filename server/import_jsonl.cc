#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "events/hash.h"
#include "server/import.h"
#include "server/json_memory.h"

namespace mnemo {
namespace {

class JsonlSource final : public ImportSource {
 public:
  JsonlSource(std::ifstream file, uint64_t size, std::string name_space)
      : file_(std::move(file)), size_(size), name_space_(std::move(name_space)) {}

  Result<std::optional<v1::Envelope>> next() override {
    std::string line;
    while (std::getline(file_, line)) {
      ++number_;
      read_ += line.size() + 1;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      Result<v1::Envelope> envelope = parse(line);
      if (!envelope) {
        return fail(envelope.error().code, fmt::format("{}: {}", where(), envelope.error().message));
      }
      return std::optional(std::move(*envelope));
    }
    if (file_.bad()) return fail(Code::kUnavailable, fmt::format("cannot read on after line {}", number_), true);
    return std::nullopt;
  }

  std::string where() const override { return fmt::format("line {}", number_); }
  int progress_permille() const override { return size_ == 0 ? 1000 : static_cast<int>(read_ * 1000 / size_); }

 private:
  Result<v1::Envelope> parse(const std::string& line) {
    MNEMO_ASSIGN(const Json json, parse_json(line));
    MNEMO_ASSIGN(v1::Envelope envelope, remembered_from_json(json, name_space_));
    const bool named = !envelope.idempotency_key().empty() || !envelope.remembered().memory_id().empty();
    if (!named) {
      const std::string hash = to_hex(blake2b_128(line));
      envelope.set_idempotency_key(fmt::format("line/{}/{}", hash, equal_lines_[hash]++));
    }
    return envelope;
  }

  std::ifstream file_;
  uint64_t size_;
  std::string name_space_;
  uint64_t number_ = 0;
  uint64_t read_ = 0;
  std::map<std::string, uint64_t> equal_lines_;
};

}  // namespace

Result<std::unique_ptr<ImportSource>> open_jsonl(const std::string& path, const std::string& name_space) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kNotFound, fmt::format("cannot open {}", path));
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  return std::make_unique<JsonlSource>(std::move(file), error ? 0 : size, name_space);
}

}  // namespace mnemo
