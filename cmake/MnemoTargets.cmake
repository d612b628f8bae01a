# mnemo_library(NAME SOURCES ... LINKS ... PRIVATE_LINKS ...): one library a folder, linked to exactly what the drawing
# in docs/architecture.md allows.
function(mnemo_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE mnemo_flags ${ARG_PRIVATE_LINKS})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
endfunction()

# How much longer a test may take under a sanitizer than its TIMEOUT says.
set(MNEMO_TIMEOUT_FACTOR 1)
if(MNEMO_SANITIZE MATCHES "address")
  set(MNEMO_TIMEOUT_FACTOR 4)
elseif(MNEMO_SANITIZE MATCHES "thread")
  set(MNEMO_TIMEOUT_FACTOR 10)
endif()

# mnemo_test(NAME LABEL label... SOURCES ... LINKS ... [TIMEOUT seconds]): a GoogleTest binary whose cases are ctest
# entries. LABEL is the ring (unit, golden, contract, simulation, kill, system), and where they apply: long (left to
# `make check`), no-sanitizer (measures or kills in a way that sanitizers make meaningless), bench, threads (several
# threads meet in it: what ThreadSanitizer is for). The targets golden_tests and threads_tests build those alone.
add_custom_target(golden_tests)
add_custom_target(threads_tests)
function(mnemo_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABEL;SOURCES;LINKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR timeout "${ARG_TIMEOUT} * ${MNEMO_TIMEOUT_FACTOR}")
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE mnemo_flags ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  if(MNEMO_SANITIZE AND "long" IN_LIST ARG_LABEL)
    # No preset runs it so, and it takes long to build.
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    return()
  endif()
  foreach(label golden threads)
    if("${label}" IN_LIST ARG_LABEL)
      add_dependencies(${label}_tests ${name})
    endif()
  endforeach()
  # Cases of a long test have a name of their own: ctest gives all entries of one name the labels of the last.
  set(prefix "")
  if("long" IN_LIST ARG_LABEL)
    set(prefix "long.")
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 120 TEST_PREFIX "${prefix}" TEST_LIST ${name}_cases
                       PROPERTIES TIMEOUT ${timeout})
  # gtest_discover_tests takes no property that is a list, as labels are: they are set when ctest reads the cases.
  set(labels_file "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
  file(WRITE "${labels_file}"
       "if(${name}_cases)\n  set_tests_properties(\${${name}_cases} PROPERTIES LABELS \"${ARG_LABEL}\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels_file}")
endfunction()

# mnemo_script_test(NAME LABEL label... COMMAND ... [TIMEOUT seconds]): one ctest entry that runs a command, mostly
# ${Python3_EXECUTABLE} and a script.
function(mnemo_script_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABEL;COMMAND" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR timeout "${ARG_TIMEOUT} * ${MNEMO_TIMEOUT_FACTOR}")
  add_test(NAME ${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${timeout})
endfunction()
