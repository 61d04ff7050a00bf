# quire_room(NAME DEPS...): the static library `quire_NAME` from src/NAME/*.cc (an interface library when a room is all
# headers) and its GoogleTest programs:
#   src/NAME/*_test.cc        -> NAME_test, every TEST registered as NAME_test.Suite.Case
#   src/NAME/*_stress_test.cc -> NAME_stress_test, the same with the label `stress`, left out of the fast loop
#   src/NAME/*_testing.cc     -> what both of them share
# A test whose suite's name ends in `Slow` has the label `slow` and is left out of the fast loop too.
# A dependency is a room that was named before, or an imported target. Rooms without a folder are left out.
function(quire_room name)
  if(NOT IS_DIRECTORY ${PROJECT_SOURCE_DIR}/src/${name})
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(stress_tests ${tests})
  list(FILTER stress_tests INCLUDE REGEX "_stress_test\\.cc$")
  list(FILTER tests EXCLUDE REGEX "_stress_test\\.cc$")
  set(testing ${sources})
  list(FILTER testing INCLUDE REGEX "_testing\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_testing|_fuzz|/main)\\.cc$")

  _quire_links(links ${ARGN})
  if(sources)
    add_library(quire_${name} STATIC ${sources})
    set_target_properties(quire_${name} PROPERTIES UNITY_BUILD ${QUIRE_UNITY} UNITY_BUILD_BATCH_SIZE 0)
    set(scope PUBLIC)
  else()
    add_library(quire_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(quire_${name} ${scope} ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(quire_${name} ${scope} ${links})

  if(tests)
    _quire_tests(${name} ${name}_test unit 300 ${tests} ${testing})
  endif()
  if(stress_tests)
    _quire_tests(${name} ${name}_stress_test stress 600 ${stress_tests} ${testing})
  endif()
endfunction()

# quire_suite(ROOM): the program ROOM_suite with a main of its own, from src/ROOM/suite/**.cc.
function(quire_suite room)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/suite/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${room}_suite ${sources})
  target_link_libraries(${room}_suite PRIVATE quire_${room} GTest::gtest)
  set_target_properties(${room}_suite PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  _quire_discover(${room}_suite unit 60 "-*Slow.*")
  _quire_discover(${room}_suite slow 1800 "*Slow.*")
endfunction()

# quire_command(PROGRAM ROOM): the program at the top of the build directory, from src/ROOM/main.cc.
function(quire_command program room)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/src/${room}/main.cc)
    return()
  endif()
  add_executable(${program} ${PROJECT_SOURCE_DIR}/src/${room}/main.cc)
  target_link_libraries(${program} PRIVATE quire_${room})
  # A machine from an image points to the program's code and constants: they are always loaded at the same place.
  if(NOT QUIRE_SANITIZE)
    target_link_options(${program} PRIVATE -no-pie)
  endif()
  target_compile_definitions(${program} PRIVATE QUIRE_VERSION="${PROJECT_VERSION}")
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# quire_guest_program(PROGRAM ROOM): the only program of a guest, from src/ROOM/guest/*.cc: at the top of the build
# directory, and static. Sanitizers cannot do that, so there is none then.
function(quire_guest_program program room)
  if(QUIRE_SANITIZE)
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/guest/*.cc)
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE quire_${room})
  target_link_options(${program} PRIVATE -static)
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# quire_stress_program(PROGRAM ROOM): the program at the top of the build directory, from src/ROOM/stress/*.cc.
function(quire_stress_program program room)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/stress/*.cc)
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE quire_${room})
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# quire_program(PROGRAM ROOM FOLDER DEPS...): the program at the top of the build directory, from src/ROOM/FOLDER/*.cc.
function(quire_program program room folder)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/${folder}/*.cc)
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE quire_${room} ${ARGN})
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# quire_stress_run(NAME WHAT OPTIONS...): the test quire_stress.NAME, labelled `stress`: quire_stress on real threads.
function(quire_stress_run name what)
  add_test(NAME quire_stress.${name} COMMAND quire_stress ${what} --threads 4 ${ARGN})
  set_tests_properties(quire_stress.${name} PROPERTIES LABELS stress TIMEOUT 600)
endfunction()

# quire_redis_stress_run(NAME WHAT OPTIONS...): the same with the back end `redis` and a server of the test's own;
# skipped where redis-server is not installed.
function(quire_redis_stress_run name what)
  add_test(NAME quire_stress.${name} COMMAND ${PROJECT_SOURCE_DIR}/tools/with_redis $<TARGET_FILE:quire_stress> ${what}
    --threads 4 ${ARGN} --backend redis={})
  set_tests_properties(quire_stress.${name} PROPERTIES LABELS stress TIMEOUT 600 SKIP_RETURN_CODE 77)
endfunction()

# quire_benchmarks(ROOMS...): one Google Benchmark program per bench/*_bench.cc, in bench/ of the build directory.
# bench/explore*_bench.cc needs the explorer and is left out where the hook is compiled out.
function(quire_benchmarks)
  find_package(benchmark REQUIRED)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*_bench.cc)
  if(NOT QUIRE_HOOK)
    list(FILTER sources EXCLUDE REGEX "/explore[^/]*$")
  endif()
  _quire_links(links ${ARGN})
  foreach(source IN LISTS sources)
    get_filename_component(program ${source} NAME_WE)
    add_executable(${program} ${source})
    target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${program} PRIVATE ${links} benchmark::benchmark_main)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  endforeach()
endfunction()

# Room names become their libraries; names of rooms that are not there vanish; imported targets stay.
function(_quire_links out)
  set(links "")
  foreach(dep IN LISTS ARGN)
    if(TARGET quire_${dep})
      list(APPEND links quire_${dep})
    elseif(dep MATCHES "::")
      list(APPEND links ${dep})
    endif()
  endforeach()
  set(${out} ${links} PARENT_SCOPE)
endfunction()

function(_quire_tests room program label timeout_seconds)
  add_executable(${program} ${ARGN})
  target_link_libraries(${program} PRIVATE quire_${room} GTest::gtest_main)
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  _quire_discover(${program} ${label} ${timeout_seconds} "-*Slow.*")
  _quire_discover(${program} slow 1800 "*Slow.*")
endfunction()

function(_quire_discover program label timeout_seconds filter)
  gtest_discover_tests(${program}
    TEST_PREFIX ${program}. WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} TEST_FILTER ${filter} TEST_LIST ${program}_${label}
    DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT ${timeout_seconds})
endfunction()
