# RocksDB as mnemo_rocksdb: the pinned, static, NDEBUG build, or the system's with MNEMO_SYSTEM_ROCKSDB.
set(MNEMO_ROCKSDB_VERSION 10.4.2)
if(MNEMO_SYSTEM_ROCKSDB)
  find_package(RocksDB REQUIRED CONFIG)
  set(mnemo_rocksdb_target RocksDB::rocksdb-shared)
else()
  set(MNEMO_ROCKSDB_PREFIX "${CMAKE_SOURCE_DIR}/.deps/rocksdb-${MNEMO_ROCKSDB_VERSION}" CACHE PATH
      "Where the pinned RocksDB is installed")
  find_package(RocksDB ${MNEMO_ROCKSDB_VERSION} EXACT REQUIRED CONFIG PATHS "${MNEMO_ROCKSDB_PREFIX}" NO_DEFAULT_PATH)
  set(mnemo_rocksdb_target RocksDB::rocksdb)
endif()
add_library(mnemo_rocksdb INTERFACE)
target_link_libraries(mnemo_rocksdb INTERFACE ${mnemo_rocksdb_target})
