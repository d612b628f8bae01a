#include <fmt/format.h>

#include "server/event_log.h"
#include "server/running_server.h"
#include "server/signals.h"

namespace mnemo {
namespace {

std::string url(const ServeOptions& options, const std::string& address) {
  return fmt::format("{}://{}", options.tls_cert.empty() ? "http" : "https", address);
}

// For programs that start a server on a free port: one line of JSON, once the doors are open.
void announce(const CommonOptions& common, const ServeOptions& options, const RunningServer& server) {
  if (common.json) {
    print_json({{"http", url(options, server.http_address())}, {"grpc", server.grpc_address()}, {"data", common.data}});
    std::fflush(stdout);
  }
  log_event(LogLevel::kInfo, "serving",
            {{"http", url(options, server.http_address())}, {"grpc", server.grpc_address()}, {"data", common.data}});
}

Result<int> run_serve(const CommonOptions& common, const ServeOptions& options, const std::string& version) {
  MNEMO_TRY(options.check());
  start_event_log(parse_log_level(options.log_level).value());
  const Signals signals;
  MNEMO_ASSIGN(const auto server, RunningServer::start(common, options, version));
  announce(common, options, *server);
  while (true) {
    const int signal = signals.wait();
    if (signal != SIGHUP) break;
    const Status reloaded = server->reload();
    log_event(reloaded ? LogLevel::kInfo : LogLevel::kError, "keys read anew",
              {{"result", reloaded ? "OK" : reloaded.error().message}});
  }
  Signals::restore();
  log_event(LogLevel::kInfo, "stopping", {{"within_seconds", std::to_string(options.drain_seconds)}});
  const Status stopped = server->stop(std::chrono::steady_clock::now() + std::chrono::seconds(options.drain_seconds));
  if (!stopped && stopped.error().code != Code::kDeadlineExceeded) return fail(stopped.error());
  log_event(LogLevel::kInfo, "stopped", {{"result", stopped ? "OK" : stopped.error().message}});
  return kExitDone;
}

}  // namespace

void add_serve_command(Cli& cli, const std::string& version) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = cli.add(cli.app, "serve", "Serve a data directory over HTTP/JSON and gRPC until told to stop",
                              [&cli, options, version] { return run_serve(cli.common, *options, version); });
  add_serve_options(command, *options);
}

}  // namespace mnemo
