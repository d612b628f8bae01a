// File: server/remote.h
// A service that a command asks, and waits for: what replies later is none here.
#pragma once

#include <memory>
#include <string>

#include "server/cli.h"
#include "server/import.h"
#include "server/service/service.h"

namespace mnemo {

// For one thread.
class Remote {
 public:
  // A server, as the options of a command name it.
  static Result<Remote> connect(const CommonOptions& options);
  // `service` replies before its calls return, and tells the time by `clock`.
  Remote(std::unique_ptr<SteadyClock> clock, std::unique_ptr<Service> service)
      : clock_(std::move(clock)), service_(std::move(service)) {}

  // What the service replies; it does so before it returns.
  template <typename Request, typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Request, Reply<Response>), Request request,
                       const std::string& key = {}) {
    Result<Response> answer = fail(Code::kInternal, "there was no reply");
    (service_.get()->*method)(call(key), std::move(request),
                              [&answer](Result<Response> reply) { answer = std::move(reply); });
    return answer;
  }
  template <typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Reply<Response>)) {
    Result<Response> answer = fail(Code::kInternal, "there was no reply");
    (service_.get()->*method)(call(), [&answer](Result<Response> reply) { answer = std::move(reply); });
    return answer;
  }

  Service& service() { return *service_; }
  Call call(const std::string& key = {}) const;
  // Nothing is asked any more.
  void close() { service_.reset(); }

 private:
  std::unique_ptr<SteadyClock> clock_;
  std::unique_ptr<Service> service_;
};

struct ImportCounts;
// Until the input ends, is wrong, or the server refuses; `counts` says how far it came.
Status import_remotely(const CommonOptions& common, ImportSource& source, ImportCounts& counts);

}  // namespace mnemo
