// File: server/service/metric_families.h
// Metrics as Prometheus' library holds them, from numbers that others count.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/service/metrics.h"

namespace mnemo {

// Of everything that the sources know now.
std::vector<prometheus::MetricFamily> collect(const MetricsSources& sources);

}  // namespace mnemo
