// File: server/serve_options.h
// What `mnemo serve` may be told, and what of it goes together.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "server/bind_address.h"
#include "server/cli.h"
#include "server/log_options.h"

namespace mnemo {

struct ServeOptions {
  LogOptions log;
  std::string http = "127.0.0.1:7070";
  std::string grpc = "127.0.0.1:7071";
  std::string auth;  // file of API keys; empty: none are asked for
  bool insecure_no_auth = false;
  std::string tls_cert;
  std::string tls_key;
  std::vector<std::string> allowed_hosts;    // beside the ones that the address itself gives
  std::vector<std::string> allowed_origins;  // of browsers; none by default
  std::string scheduler = "round_robin";
  uint32_t workers = 4;
  uint32_t drain_seconds = 10;
  std::string log_level = "info";
  bool no_cache = false;

  // INVALID_ARGUMENT or FAILED_PRECONDITION, saying what to change. What needs a file is checked where it is read.
  Status check() const;
};

// Registers them as options, environment variables (MNEMO_HTTP for --http) and names of the config file.
void add_serve_options(CLI::App* command, ServeOptions& options);

void add_serve_command(Cli& cli, const std::string& version);

}  // namespace mnemo
