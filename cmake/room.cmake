# A room is one folder of src/: a static library segforge_NAME made of its *.cc, and a test program NAME_tests made of
# the *_test.cc beside them.
#
#   segforge_room(NAME [EACH_ALONE] ROOMS earlier-room... LIBRARIES target... EXCLUDE regex-of-paths)
#
# With SEGFORGE_UNITY, files of a room are compiled eight at a time, so that headers are read once for all: names that
# only one file of a room has to itself must differ. EACH_ALONE is for rooms of many files of one pattern.

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Warnings are errors with the compilers that CI runs; with any other, a new warning must not stop a user's build.
set(compiler ${CMAKE_CXX_COMPILER_ID}-${CMAKE_CXX_COMPILER_VERSION})
if(compiler MATCHES "^(GNU-12|Clang-14)\\.")
  set(known_compiler ON)
else()
  set(known_compiler OFF)
endif()
option(SEGFORGE_WERROR "Warnings are errors" ${known_compiler})

add_library(segforge_options INTERFACE)
target_compile_features(segforge_options INTERFACE cxx_std_20)
target_compile_options(segforge_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                                  $<$<BOOL:${SEGFORGE_WERROR}>:-Werror>)
target_include_directories(segforge_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
if(SEGFORGE_SANITIZE)
  target_compile_options(segforge_options INTERFACE -fsanitize=${SEGFORGE_SANITIZE} -fno-sanitize-recover=all
                                                    -fno-omit-frame-pointer -g1)
  target_compile_definitions(segforge_options INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(segforge_options INTERFACE -fsanitize=${SEGFORGE_SANITIZE})
endif()
if(SEGFORGE_FUZZ)  # coverage counters everywhere, so that the fuzz targets share the tests' objects
  target_compile_options(segforge_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(segforge_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(SEGFORGE_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# segforge_test(NAME [GPU] SOURCES file... LIBRARIES target...): a program of GoogleTests, each a test of ctest with the
# label NAME. With GPU those with "cuda" in their name have the label gpu instead, and what there is is asked of the
# machine that tests, which may have another GPU than the one that builds, or none.
function(segforge_test name)
  cmake_parse_arguments(ARG "GPU" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} segforge_options GTest::gtest GTest::gmock GTest::gtest_main)
  # GCC 12 finds overlapping copies in its own std::string operator+ (GCC bug 105651), which tests use freely.
  target_compile_options(${name} PRIVATE
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
  target_compile_definitions(${name} PRIVATE SEGFORGE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set(discovery NO_PRETTY_VALUES DISCOVERY_TIMEOUT 120)
  if(ARG_GPU)
    list(APPEND discovery DISCOVERY_MODE PRE_TEST)
    gtest_discover_tests(${name} ${discovery} TEST_FILTER *cuda* TEST_LIST ${name}_gpu PROPERTIES LABELS gpu)
    list(APPEND discovery TEST_FILTER -*cuda*)
  endif()
  gtest_discover_tests(${name} ${discovery} PROPERTIES LABELS ${name})
endfunction()

function(segforge_room name)
  cmake_parse_arguments(ARG "EACH_ALONE" "EXCLUDE" "ROOMS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${ARG_EXCLUDE}")
  endif()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM ARG_ROOMS PREPEND segforge_)
  if(NOT sources)
    add_library(segforge_${name} INTERFACE)
    target_link_libraries(segforge_${name} INTERFACE ${ARG_ROOMS} ${ARG_LIBRARIES})
    return()
  endif()
  add_library(segforge_${name} STATIC ${sources})
  if(SEGFORGE_UNITY AND NOT ARG_EACH_ALONE)
    set_target_properties(segforge_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
  target_link_libraries(segforge_${name} PUBLIC ${ARG_ROOMS} ${ARG_LIBRARIES} PRIVATE $<BUILD_INTERFACE:segforge_options>)
  target_include_directories(segforge_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  if(SEGFORGE_TESTS AND tests)
    segforge_test(${name}_tests SOURCES ${tests} LIBRARIES segforge_${name})
  endif()
endfunction()
