#include "server/event_log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mnemo {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool is_plain(std::string_view value) {
  return !value.empty() &&
         std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '='; });
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return fail(Code::kInvalidArgument, "'" + std::string(name) + "' is no log level: debug, info, warning or error");
}

void start_event_log(LogLevel least) {
  auto logger = spdlog::stderr_logger_mt("mnemo");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(level_of(least));
  spdlog::set_default_logger(std::move(logger));
}

void log_event(LogLevel level, std::string_view name, LogFields fields) {
  if (!spdlog::should_log(level_of(level))) return;
  std::string line(name);
  for (const auto& [field, value] : fields) {
    line.append(" ").append(field).append("=");
    line +=
        is_plain(value) ? value : nlohmann::json(value).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }
  spdlog::log(level_of(level), "{}", line);
}

}  // namespace mnemo
