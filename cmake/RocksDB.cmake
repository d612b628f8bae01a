# RocksDB as mnemo_rocksdb: the pinned, static, NDEBUG build below .deps (scripts/rocksdb makes it), or the system's
# with MNEMO_SYSTEM_ROCKSDB. Under ThreadSanitizer the pinned one is an instrumented build of the same source.
set(MNEMO_ROCKSDB_VERSION 10.4.2)
add_library(mnemo_rocksdb INTERFACE)

if(MNEMO_SYSTEM_ROCKSDB)
  find_package(RocksDB REQUIRED CONFIG)
  message(STATUS "RocksDB ${RocksDB_VERSION} of the system; mnemo is tested with ${MNEMO_ROCKSDB_VERSION}")
  target_link_libraries(mnemo_rocksdb INTERFACE RocksDB::rocksdb-shared)
  return()
endif()

set(mnemo_rocksdb_variant release)
set(mnemo_rocksdb_suffix "")
if(MNEMO_SANITIZE MATCHES "thread")
  set(mnemo_rocksdb_variant tsan)
  set(mnemo_rocksdb_suffix -tsan)
endif()
set(MNEMO_ROCKSDB_PREFIX "${CMAKE_SOURCE_DIR}/.deps/rocksdb-${MNEMO_ROCKSDB_VERSION}${mnemo_rocksdb_suffix}"
    CACHE PATH "Where the pinned RocksDB is installed")
find_package(RocksDB ${MNEMO_ROCKSDB_VERSION} EXACT QUIET CONFIG PATHS "${MNEMO_ROCKSDB_PREFIX}" NO_DEFAULT_PATH)
if(NOT RocksDB_FOUND)
  message(FATAL_ERROR "RocksDB ${MNEMO_ROCKSDB_VERSION} is not in ${MNEMO_ROCKSDB_PREFIX}. Run `make deps`, which builds it "
                      "(this variant alone: scripts/rocksdb ${mnemo_rocksdb_variant}), or configure with "
                      "-DMNEMO_SYSTEM_ROCKSDB=ON.")
endif()
target_link_libraries(mnemo_rocksdb INTERFACE RocksDB::rocksdb)
