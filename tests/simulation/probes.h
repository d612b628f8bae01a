// File: tests/simulation/probes.h
// Rare paths by name, and how often this process has come along them. A run over the usual seeds that misses one says
// nothing about it, and fails.
//
// Not thread-safe: the simulation has one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mnemo::simulation {

// What each stands for is said where it is counted.
#define MNEMO_PROBES(X)                      \
  X(DuplicateInTheSameBatch)                 \
  X(DuplicateAcrossACrash)                   \
  X(DuplicateOfAForgottenMemory)             \
  X(DuplicateByKeyAlone)                     \
  X(DuplicateThatFindsItsMemoryGone)         \
  X(DuplicateOfARejection)                   \
  X(ConflictWithALiveMemory)                 \
  X(ConflictAfterForget)                     \
  X(ConflictInTheKeyWindow)                  \
  X(KeyLeftTheWindow)                        \
  X(KeyActsAgainAfterLeaving)                \
  X(WindowShrankByTwo)                       \
  X(IdAndKeyOfOneMemory)                     \
  X(VersionIsNotTheExpectedOne)              \
  X(LinkLimit)                               \
  X(LinkDiedWithItsEnd)                      \
  X(LateEmbedding)                           \
  X(ForgetByFilterSpansEvents)               \
  X(TwoForgetsByFilterAtWork)                \
  X(ForgetByFilterAnswersItsCount)           \
  X(UpdateOfAMemoryUnderAPendingForget)      \
  X(RememberedUnderAPendingForget)           \
  X(EventFindsItsMemoryExpiredButNotRemoved) \
  X(ExpiryDuringPendingWork)                 \
  X(ExpiryByPolicy)                          \
  X(ExpiryTieBetweenAgents)                  \
  X(ProducerAheadOfTheLog)                   \
  X(ProducerBehindEventTime)                 \
  X(SkippedUndecodable)                      \
  X(SkippedInvalid)                          \
  X(SkippedKindNotActive)                    \
  X(SkippedInactiveKindOfALaterBuild)        \
  X(SkippedKeyMismatch)                      \
  X(SkippedWrongPartition)                   \
  X(SkippedByOperator)                       \
  X(SkippedOldEpoch)                         \
  X(SkipReportLeft)                          \
  X(KindActivatedLater)                      \
  X(RulesChanged)                            \
  X(RulesRefused)                            \
  X(PolicyRefused)                           \
  X(Halted)                                  \
  X(HaltedInTheMiddleOfABatch)               \
  X(HaltedByAnActiveKindOfALaterBuild)       \
  X(HaltedByAKindWithoutAName)               \
  X(DigestPointInsideABatch)                 \
  X(DigestPointNotSettled)                   \
  X(PageFullInTheMiddleOfABatch)             \
  X(BlocksMerged)                            \
  X(MergeUnderWayAtABatchEnd)                \
  X(DocumentMaskedInAPage)                   \
  X(TailReadCold)                            \
  X(CrashBetweenBatchAndFlush)               \
  X(CrashBeforeAnythingWasFlushed)           \
  X(CrashDuringPendingWork)                  \
  X(CrashDuringAMerge)                       \
  X(LogCrashLostATail)                       \
  X(LogCrashKeptPartOfATail)                 \
  X(LogCrashLostAnAck)                       \
  X(RetryFoundItsFirstTry)                   \
  X(RetryActed)                              \
  X(RebuildWhileEventsGoOn)                  \
  X(OutboxSentAgainAfterACrash)              \
  X(ListOfSeveralPages)                      \
  X(QueryUnderPendingForget)                 \
  X(QueryBeforeExpiredAreRemoved)            \
  X(OperationStartedTwice)                   \
  X(OperationStartedWithAnotherRequest)      \
  X(OperationAwayFromHome)                   \
  X(StepDoneTwice)                           \
  X(StepRefused)                             \
  X(EndRefused)                              \
  X(OperationFinishedTwice)                  \
  X(FinishedOperationLeft)                   \
  X(CrashDuringAnOperation)                  \
  X(OtherPartitionCount)

enum class Probe : uint8_t {
#define MNEMO_PROBE_NAME(name) k##name,
  MNEMO_PROBES(MNEMO_PROBE_NAME)
#undef MNEMO_PROBE_NAME
};

void probe(Probe probe);
void clear_probes();
uint64_t probe_count(Probe probe);
std::vector<std::string_view> missed_probes();
// Every probe and its count, a line each.
void print_probes();

}  // namespace mnemo::simulation
