// File: tests/simulation/check.h
// Comparisons of a projection's rows with the model, with their own digests, and with what queries answer. Each Status
// names the first difference.
#pragma once

#include "projector/projection.h"
#include "query/engine.h"
#include "tests/simulation/generator.h"
#include "tests/simulation/model.h"

namespace mnemo::simulation {

// Every row against the model: memories, versions, vectors, links, accesses, expiries, keys, skips, counters. Rows of
// memories that are gone may still be there while the view is not settled; once it is, nothing else may be.
Status check_rows(const View& view, const Model& model);

// Both digests, summed up anew over all rows: no write has missed them.
Status check_digests(const View& view);

// The index of every agent says what its records say; and nothing of what is gone, once no work on it waits.
Status check_index(const View& view);

// Gets, lists with their pages, filters, histories and newest-first retrieval of one agent, drawn at random.
Status check_queries(const View& view, const Model& model, Generator& generator, Random& random);

// A question and its answer, to be compared between replicas.
std::string retrieved(const View& view, const RetrieveRequest& request);
RetrieveRequest random_request(Generator& generator, Random& random);

template <typename... Parts>
tl::unexpected<Error> differs(const Parts&... parts) {
  std::string text;
  const auto add = [&text](const auto& part) {
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(part)>>) {
      text += std::to_string(part);
    } else {
      text += part;
    }
  };
  (add(parts), ...);
  return fail(Code::kInternal, text);
}

}  // namespace mnemo::simulation
