// File: server/cmd_bench.h
// The command that puts a load on a server.
#pragma once

#include "server/cli.h"

namespace mnemo {

void add_bench_command(Cli& cli);

}  // namespace mnemo
