#include "server/http/tls_context.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>

#include "server/service/pem_file.h"

namespace mnemo {
namespace {

namespace ssl = boost::asio::ssl;

Result<std::string> read(std::string_view option, const std::string& file) {
  Result<std::string> text = read_pem_file(option, file);
  if (!text) return fail(Code::kInvalidArgument, text.error().message);
  return text;
}

}  // namespace

Result<std::unique_ptr<ssl::context>> make_tls_context(const std::string& cert_file, const std::string& key_file) {
  if (cert_file.empty() || key_file.empty()) {
    return fail(Code::kInvalidArgument, "TLS needs a certificate and its key: give both --tls-cert and --tls-key");
  }
  MNEMO_ASSIGN(const std::string certificate, read("--tls-cert", cert_file));
  MNEMO_ASSIGN(const std::string key, read("--tls-key", key_file));
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  // Without this a key with a passphrase asks for it on the terminal.
  boost::system::error_code error;
  context->set_password_callback([](size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context->use_certificate_chain(boost::asio::buffer(certificate), error);
  if (error) {
    return fail(Code::kInvalidArgument,
                fmt::format("--tls-cert '{}' holds no certificate in PEM form: {}", cert_file, error.message()));
  }
  context->use_private_key(boost::asio::buffer(key), ssl::context::pem, error);
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
