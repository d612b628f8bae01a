#include "server/service/call.h"

#include <fmt/format.h>

#include <algorithm>

namespace mnemo {
namespace {

std::string_view right_name(Right right) {
  switch (right) {
    case Right::kRead: return "read";
    case Right::kWrite: return "write";
    case Right::kAdmin: return "admin";
  }
  return "unknown";
}

}  // namespace

bool Principal::owns(std::string_view name_space) const {
  return every_namespace || std::binary_search(namespaces.begin(), namespaces.end(), name_space);
}

Status Principal::check(Right right) const {
  const bool has = right == Right::kRead ? read : right == Right::kWrite ? write : admin;
  if (has) return {};
  return fail(Code::kPermissionDenied,
              fmt::format("this key lacks the right '{}': use one that has it", right_name(right)));
}

Status Principal::check(Right right, std::string_view name_space) const {
  if (!owns(name_space)) {
    return fail(Code::kNotFound, "there is no such namespace: check its name, and the key that asks for it");
  }
  return check(right);
}

Status Principal::check_everywhere(Right right) const {
  MNEMO_TRY(check(right));
  if (every_namespace) return {};
  return fail(Code::kPermissionDenied,
              "this concerns every namespace, and this key has some alone: use one without that bound");
}

}  // namespace mnemo
