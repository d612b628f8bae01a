// File: server/load/answers.h
// What the messages of an answer come to for a load; and the same of their JSON.
#pragma once

#include <string>

#include "server/load/target.h"

namespace mnemo {

LoadAnswer load_answer(const v1::RememberResponse& response);
LoadAnswer load_answer(const v1::RememberBatchResponse& response);
LoadAnswer load_answer(const v1::RetrieveResponse& response);

// Of an answer of docs/api.md to a request of this kind. INTERNAL: its body is none.
LoadAnswer load_answer(const LoadRequest& request, unsigned http_status, const std::string& body);

// The code of that name; UNKNOWN where there is none.
Code code_named(std::string_view name);

// The request as POST of docs/api.md.
struct HttpPost {
  std::string path;
  std::string body;
};
HttpPost http_post(const LoadRequest& request);

}  // namespace mnemo
