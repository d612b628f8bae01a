// File: events/log_embedded_hooks.h
// What tests may put between the embedded log and the machine. Never set in the product.
#pragma once

#include <rocksdb/env.h>

#include <functional>

#include "events/files.h"
#include "events/result.h"

namespace mnemo {

struct EmbeddedLogHooks {
  rocksdb::Env* env = nullptr;               // instead of the system's; must outlive the log
  FileCalls* files = nullptr;                // the same, for the log's own files
  std::function<Status()> before_mark_sync;  // an error stands for a failed write of the acked-end mark
};

}  // namespace mnemo
