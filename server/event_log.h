// File: server/event_log.h
// What a running server tells its operator, on standard error: one line an event, a fixed name and its fields.
//
//   2026-03-02T07:30:00.125Z info  listening door=http address=127.0.0.1:7070
//
// Fields hold numbers, names, addresses and positions: never a text, a query or a key. Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "events/result.h"

namespace mnemo {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
// "debug", "info", "warning" or "error"; INVALID_ARGUMENT names them.
Result<LogLevel> parse_log_level(std::string_view name);

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// What is below it is not printed. Call before the first event.
void start_event_log(LogLevel least);
// A value that holds a space, a quote or a control character is printed in quotes, as JSON prints it.
void log_event(LogLevel level, std::string_view name, LogFields fields = {});

}  // namespace mnemo
