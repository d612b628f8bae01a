# Language level, warnings, sanitizers and ccache for every target of ours.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

# Nothing in an object file depends on where the checkout lies, so that ccache serves any other checkout too.
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
find_program(MNEMO_CCACHE ccache)
if(MNEMO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=5G
      "${MNEMO_CCACHE}")
endif()

# No fast-math and no FMA contraction anywhere: every replica must compute the same bits.
add_library(mnemo_flags INTERFACE)
target_compile_options(mnemo_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wswitch
  -Wimplicit-fallthrough -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Some of libstdc++'s own templates use what it deprecates, which clang blames on their user.
  target_compile_options(mnemo_flags INTERFACE -Wthread-safety -Wno-deprecated-declarations)
endif()
if(MNEMO_WERROR)
  target_compile_options(mnemo_flags INTERFACE -Werror -Werror=switch -Werror=unused-result)
endif()
target_include_directories(mnemo_flags INTERFACE "${CMAKE_SOURCE_DIR}")

if(MNEMO_SANITIZE)
  add_compile_options(-fsanitize=${MNEMO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${MNEMO_SANITIZE})
endif()
