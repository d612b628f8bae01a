# What is linked, and from where. `make deps` installs the packages and builds the pinned RocksDB.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
find_library(STEMMER_LIBRARY stemmer REQUIRED)
find_path(STEMMER_INCLUDE libstemmer.h REQUIRED)
add_library(mnemo_stemmer INTERFACE)
target_link_libraries(mnemo_stemmer INTERFACE "${STEMMER_LIBRARY}")
target_include_directories(mnemo_stemmer SYSTEM INTERFACE "${STEMMER_INCLUDE}")

# Asio and Beast: headers alone. Before 1.81 clang finds no coroutines in them.
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)
add_library(mnemo_asio INTERFACE)
target_include_directories(mnemo_asio SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(mnemo_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ALL_NO_LIB)
target_link_libraries(mnemo_asio INTERFACE OpenSSL::SSL Threads::Threads)

# gRPC's libraries, and that of its headers' mutex, by name: its CMake and pkg-config files link all that those libraries
# were made of, some sixty more.
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_path(GRPC_INCLUDE grpcpp/grpcpp.h REQUIRED)
add_library(mnemo_grpcpp INTERFACE)
target_include_directories(mnemo_grpcpp SYSTEM INTERFACE "${GRPC_INCLUDE}")
foreach(name grpc++ grpc++_reflection grpc gpr absl_synchronization)
  find_library(GRPC_LIBRARY_${name} ${name} REQUIRED)
  target_link_libraries(mnemo_grpcpp INTERFACE "${GRPC_LIBRARY_${name}}")
endforeach()

# The allocator of programs; libraries take what their program has.
add_library(mnemo_allocator INTERFACE)
if(MNEMO_JEMALLOC AND NOT MNEMO_SANITIZE)
  find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
  target_link_libraries(mnemo_allocator INTERFACE "${JEMALLOC_LIBRARY}")
endif()

include(RocksDB)
include(Librdkafka)
