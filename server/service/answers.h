// File: server/service/answers.h
// What one view answers to a read: the same for a server and for a command that opens the directory itself.
//
// check() tells whether a request may be asked at all, INVALID_ARGUMENT with the field; answer() takes only what it has
// let pass, and a view of the agent's own partition. `degraded` is left to whoever knows of it.
#pragma once

#include "mnemo/v1/service.pb.h"
#include "query/engine.h"

namespace mnemo {

Status check(const v1::GetMemoryRequest& request);
Status check(const v1::GetHistoryRequest& request);
Status check(const v1::ListMemoriesRequest& request);
Status check(const v1::ForgetByFilterRequest& request);  // of a dry run
Status check(const v1::ExportMemoriesRequest& request);

Result<v1::GetMemoryResponse> answer(const Engine& engine, const View& view, const v1::GetMemoryRequest& request);
Result<v1::GetHistoryResponse> answer(const Engine& engine, const View& view, const v1::GetHistoryRequest& request);
Result<v1::ListMemoriesResponse> answer(const Engine& engine, const View& view, const v1::ListMemoriesRequest& request);
// How many it would be.
Result<v1::ForgetByFilterResponse> answer(const Engine& engine, const View& view,
                                          const v1::ForgetByFilterRequest& request);
Result<v1::ExportMemoriesResponse> answer(const Engine& engine, const View& view,
                                          const v1::ExportMemoriesRequest& request);

// UNIMPLEMENTED, with what was asked for.
tl::unexpected<Error> of_a_later_version(std::string_view field);

// A question as the engine takes it; INVALID_ARGUMENT, or UNIMPLEMENTED with the field of a later version.
Result<RetrieveRequest> request_from(v1::RetrieveRequest message);

std::string position_of(const View& view);

}  // namespace mnemo
