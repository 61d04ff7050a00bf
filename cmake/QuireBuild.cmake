# What holds for every target: flags, warnings, launcher, linker, how many links run at once.
# Assertions are never compiled out, so no configuration defines NDEBUG.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")

add_compile_options(-Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wshadow=local)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Wthread-safety -Wthread-safety-beta)
endif()

if(NOT QUIRE_HOOK)
  add_compile_definitions(QUIRE_NO_EXPLORER=1)
endif()

# A sanitizer sees stacks change under it, so these builds explore by running the prefix again.
if(QUIRE_SANITIZE)
  add_compile_definitions(QUIRE_SANITIZED=1)
  add_compile_options(-fsanitize=${QUIRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${QUIRE_SANITIZE})
endif()

find_program(QUIRE_CCACHE ccache)
if(QUIRE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QUIRE_CCACHE})
endif()

find_program(QUIRE_LLD ld.lld)
if(QUIRE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

set_property(GLOBAL PROPERTY JOB_POOLS link=1)
set(CMAKE_JOB_POOL_LINK link)
