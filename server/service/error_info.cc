#include "server/service/error_info.h"

#include <string>

namespace mnemo {

v1::ErrorInfo error_info(const Error& error) {
  v1::ErrorInfo info;
  info.set_code(std::string(code_name(error.code)));
  info.set_message(error.message);
  info.set_retryable(error.retryable);
  info.set_retry_after_ms(error.retry_after_ms);
  return info;
}

}  // namespace mnemo
