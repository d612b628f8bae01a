// File: server/remote.h
// Commands that ask a server: what a command does with the service when it was not given a directory.
#pragma once

#include <string>

#include "server/cli.h"
#include "server/import.h"
#include "server/service/service.h"

namespace mnemo {

// A server, as the options of a command name it. For one thread.
class Remote {
 public:
  static Result<Remote> connect(const CommonOptions& options);

  // What the service replies; it does so before it returns.
  template <typename Request, typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Request, Reply<Response>), Request request,
                       const std::string& key = {}) {
    Result<Response> answer = fail(Code::kInternal, "there was no reply");
    (service_.get()->*method)(call(key), std::move(request),
                              [&answer](Result<Response> reply) { answer = std::move(reply); });
    return answer;
  }

  Service& service() { return *service_; }
  Call call(const std::string& key = {}) const;

 private:
  Remote(std::unique_ptr<SteadyClock> clock, std::unique_ptr<Service> service)
      : clock_(std::move(clock)), service_(std::move(service)) {}

  std::unique_ptr<SteadyClock> clock_;
  std::unique_ptr<Service> service_;
};

// `envelope` as one of remember, update, forget, link and unlink makes it. Prints what it came to, as `done` calls it.
Result<int> write_remotely(const CommonOptions& common, const v1::Envelope& envelope, std::string_view done);
// The envelope holds a ForgottenByFilter. Waits until all is removed.
Result<int> forget_remotely(const CommonOptions& common, const v1::Envelope& envelope, bool dry_run);

struct ImportCounts;
// Until the input ends, is wrong, or the server refuses; `counts` says how far it came.
Status import_remotely(const CommonOptions& common, ImportSource& source, ImportCounts& counts);

}  // namespace mnemo
