# librdkafka as mnemo_rdkafka: the system's where it is new enough (docs/decisions/0026), else the pinned, static build
# below .deps, which scripts/librdkafka makes.
set(MNEMO_LIBRDKAFKA_VERSION 2.15.1)
set(MNEMO_LIBRDKAFKA_SYSTEM_VERSION 2.13.2)
add_library(mnemo_rdkafka INTERFACE)

pkg_check_modules(RDKAFKA QUIET IMPORTED_TARGET rdkafka>=${MNEMO_LIBRDKAFKA_SYSTEM_VERSION})
if(RDKAFKA_FOUND)
  target_link_libraries(mnemo_rdkafka INTERFACE PkgConfig::RDKAFKA)
  return()
endif()

set(MNEMO_LIBRDKAFKA_PREFIX "${CMAKE_SOURCE_DIR}/.deps/librdkafka-${MNEMO_LIBRDKAFKA_VERSION}"
    CACHE PATH "Where the pinned librdkafka is installed")
if(NOT EXISTS "${MNEMO_LIBRDKAFKA_PREFIX}/lib/librdkafka.a")
  message(FATAL_ERROR "librdkafka ${MNEMO_LIBRDKAFKA_VERSION} is not in ${MNEMO_LIBRDKAFKA_PREFIX}. Run `make deps`, which "
                      "builds it (it alone: scripts/librdkafka).")
endif()
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
find_package(ZLIB REQUIRED)
# Imported, so that what it needs comes behind it on every link line.
add_library(mnemo_rdkafka_static STATIC IMPORTED)
set_target_properties(mnemo_rdkafka_static PROPERTIES
  IMPORTED_LOCATION "${MNEMO_LIBRDKAFKA_PREFIX}/lib/librdkafka.a"
  INTERFACE_INCLUDE_DIRECTORIES "${MNEMO_LIBRDKAFKA_PREFIX}/include"
  INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;ZLIB::ZLIB;PkgConfig::ZSTD;PkgConfig::LZ4;Threads::Threads;m;${CMAKE_DL_LIBS}")
target_link_libraries(mnemo_rdkafka INTERFACE mnemo_rdkafka_static)
