#include "server/serve_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "manager/strategy.h"
#include "server/event_log.h"

namespace mnemo {
namespace {

Status check_reach(std::string_view option, const BindAddress& address, const ServeOptions& options) {
  const bool guarded = !options.auth.empty() || options.insecure_no_auth;
  if (address.is_loopback() || guarded) return {};
  return fail(Code::kFailedPrecondition,
              fmt::format("{} {} can be reached from other machines, and no keys are asked for: give --auth FILE "
                          "(`mnemo auth add` makes keys), or --insecure-no-auth if everyone may read and write",
                          option, address.text()));
}

}  // namespace

Status ServeOptions::check() const {
  MNEMO_TRY(log.check());
  if (!auth.empty() && insecure_no_auth) {
    return fail(Code::kInvalidArgument, "--auth and --insecure-no-auth exclude each other: give one of them");
  }
  if (tls_cert.empty() != tls_key.empty()) {
    return fail(Code::kInvalidArgument, "--tls-cert and --tls-key go together: give both or none");
  }
  MNEMO_ASSIGN(const BindAddress http_address, parse_bind_address(http));
  MNEMO_ASSIGN(const BindAddress grpc_address, parse_bind_address(grpc));
  MNEMO_TRY(check_reach("--http", http_address, *this));
  MNEMO_TRY(check_reach("--grpc", grpc_address, *this));
  MNEMO_TRY(parse_strategy(scheduler).map([](StrategyKind) {}));
  return parse_log_level(log_level).map([](LogLevel) {});
}

void add_serve_options(CLI::App* command, ServeOptions& options) {
  add_log_options(command, options.log);
  add_named(command, "--http", options.http, "where HTTP/JSON listens, HOST:PORT; port 0 takes a free one");
  add_named(command, "--grpc", options.grpc, "where gRPC listens, HOST:PORT");
  const auto add_file = [&](const std::string& name, std::string& value, const std::string& about) {
    add_path(command, name, value, about)->envname(environment_name(name))->capture_default_str();
  };
  add_file("--auth", options.auth, "file of API keys; needed to listen beyond this machine");
  command->add_flag("--insecure-no-auth", options.insecure_no_auth, "everyone who reaches a door may read and write")
      ->envname("MNEMO_INSECURE_NO_AUTH");
  add_file("--tls-cert", options.tls_cert, "certificate chain of both doors, PEM");
  add_file("--tls-key", options.tls_key, "its private key, PEM");
  add_texts(command, "--allow-host", options.allowed_hosts, "a name that requests may give as Host; once for each")
      ->envname("MNEMO_ALLOW_HOST");
  add_texts(command, "--allow-origin", options.allowed_origins, "a web page's origin that may ask; once for each")
      ->envname("MNEMO_ALLOW_ORIGIN");
  add_named(command, "--scheduler", options.scheduler, "whose turn it is")->check(one_of({"round_robin", "fifo"}));
  add_number(command, "--workers", options.workers, 1, 256, "threads that answer")->envname("MNEMO_WORKERS");
  add_number(command, "--drain", options.drain_seconds, 1, 600, "seconds to finish what is under way when told to stop")
      ->envname("MNEMO_DRAIN");
  add_named(command, "--log-level", options.log_level, "what is logged: this and what matters more")
      ->check(one_of({"debug", "info", "warning", "error"}));
  command->add_flag("--no-cache", options.no_cache, "keep no answers")->envname("MNEMO_NO_CACHE");
}

}  // namespace mnemo
