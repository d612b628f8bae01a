// File: server/pages.h
// An answer that comes in pages, page by page: for whoever wants all of it.
#pragma once

#include "server/service/service.h"

namespace mnemo {

// Asks `asker`, an Answerer or a Remote, for each page from where `request` begins, and shows it to `visit`, which
// returns a Status. The first error of either ends it.
template <typename Asker, typename Request, typename Response, typename Visit>
Status for_each_page(Asker& asker, void (Service::*method)(const Call&, Request, Reply<Response>), Request request,
                     const Visit& visit) {
  do {
    MNEMO_ASSIGN(const Response page, asker.ask(method, request));
    MNEMO_TRY(visit(page));
    request.set_cursor(page.next_cursor());
  } while (!request.cursor().empty());
  return {};
}

}  // namespace mnemo
