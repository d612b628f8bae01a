// File: tests/events/refusal.h
// What validate() says of an envelope, and of a valid one after a change.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/events/sample_events.h"

namespace mnemo::testing {

// "" when the envelope is valid under the rules of a new log.
inline std::string refusal(const v1::Envelope& envelope) {
  static const Rules rules = rules_of_a_new_log();
  const Status status = validate(envelope, rules);
  if (status) return "";
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  EXPECT_FALSE(status.error().retryable);
  return status.error().message;
}

template <typename Change>
std::string refusal_after(v1::Envelope envelope, const Change& change) {
  EXPECT_EQ(refusal(envelope), "") << "the sample itself must be valid";
  change(envelope);
  return refusal(envelope);
}
template <typename Change>
std::string of_envelope(const Change& change) {
  return refusal_after(remembered(), change);
}
template <typename Change>
std::string of_remembered(const Change& change) {
  return refusal_after(remembered(), [&](v1::Envelope& e) { change(*e.mutable_remembered()); });
}
template <typename Change>
std::string of_updated(const Change& change) {
  return refusal_after(updated(), [&](v1::Envelope& e) { change(*e.mutable_updated()); });
}

}  // namespace mnemo::testing
