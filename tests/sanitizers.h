// File: tests/sanitizers.h
// Which sanitizer a test is built with: MNEMO_SANITIZE_ADDRESS or MNEMO_SANITIZE_THREAD, or neither. Compilers tell in
// different ways.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MNEMO_SANITIZE_ADDRESS
#elif __has_feature(thread_sanitizer)
#define MNEMO_SANITIZE_THREAD
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define MNEMO_SANITIZE_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define MNEMO_SANITIZE_THREAD
#endif
