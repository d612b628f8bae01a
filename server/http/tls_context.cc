#include "server/http/tls_context.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace mnemo {
namespace {

namespace ssl = boost::asio::ssl;

Status readable(std::string_view option, const std::string& file) {
  errno = 0;
  std::ifstream in(file);
  if (in && in.peek() != std::ifstream::traits_type::eof()) return {};
  const std::string reason = errno != 0 ? std::generic_category().message(errno) : "it is empty";
  return fail(Code::kInvalidArgument, fmt::format("cannot read {} '{}': {}", option, file, reason));
}

}  // namespace

Result<std::unique_ptr<ssl::context>> make_tls_context(const std::string& cert_file, const std::string& key_file) {
  if (cert_file.empty() || key_file.empty()) {
    return fail(Code::kInvalidArgument, "TLS needs a certificate and its key: give both --tls-cert and --tls-key");
  }
  MNEMO_TRY(readable("--tls-cert", cert_file));
  MNEMO_TRY(readable("--tls-key", key_file));
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  // Without this a key with a passphrase asks for it on the terminal.
  boost::system::error_code error;
  context->set_password_callback([](size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context->use_certificate_chain_file(cert_file, error);
  if (error) {
    return fail(Code::kInvalidArgument,
                fmt::format("--tls-cert '{}' holds no certificate in PEM form: {}", cert_file, error.message()));
  }
  context->use_private_key_file(key_file, ssl::context::pem, error);
  // OpenSSL compares the key with the certificate as soon as it has both.
  if (error && ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH) {
    return fail(Code::kInvalidArgument, fmt::format("the key in --tls-key '{}' is not that of the certificate in "
                                                    "--tls-cert '{}'",
                                                    key_file, cert_file));
  }
  if (error) {
    return fail(Code::kInvalidArgument, fmt::format("--tls-key '{}' holds no private key in PEM form without a "
                                                    "passphrase: {}",
                                                    key_file, error.message()));
  }
  return context;
}

}  // namespace mnemo
