// File: bench/postgres_target.h
// A table of PostgreSQL as the target of a load: an INSERT for each remember, one of several rows for each batch, in
// autocommit, by statements that were prepared before. The table has the texts of memories, who they belong to, and a
// GIN index over to_tsvector('english', text).
#pragma once

#include <memory>
#include <string>

#include "server/load/target.h"

namespace mnemo::bench {

// `connection` as libpq takes it. The table is made where there is none. Batches have `batch` memories each.
std::unique_ptr<LoadTarget> postgres_target(std::string connection, uint32_t batch);

}  // namespace mnemo::bench
