# NVIDIA GPUs, by a CUDA toolkit of version 12 or 13: $CUDACXX, or nvcc on the PATH, in $CUDA_PATH/bin or in
# /usr/local/cuda/bin. The runtime is linked statically, and the driver is looked for when a GPU is asked for, so that
# the program starts on machines without one.
#
#   segforge_add_cuda(ROOM)   adds the *.cu of the calling folder's cuda/ to the room's library
set(SEGFORGE_CUDA AUTO CACHE STRING "NVIDIA GPUs: ON, OFF, or AUTO: where there is a CUDA compiler")
set_property(CACHE SEGFORGE_CUDA PROPERTY STRINGS AUTO ON OFF)
set(SEGFORGE_CUDA_ARCHITECTURES "" CACHE STRING
    "As CMAKE_CUDA_ARCHITECTURES; empty: code for 7.5, 8.0, 8.6, 8.9 and 9.0a, and PTX for later")

set(SEGFORGE_HAS_CUDA OFF)
if(SEGFORGE_CUDA)
  find_program(CMAKE_CUDA_COMPILER NAMES $ENV{CUDACXX} nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  set(version)
  if(CMAKE_CUDA_COMPILER)
    execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE version ERROR_QUIET)
    string(REGEX MATCH "release ([0-9.]+)" version "${version}")
    set(version "${CMAKE_MATCH_1}")
    if(version VERSION_GREATER_EQUAL 12 AND version VERSION_LESS 14)
      set(SEGFORGE_HAS_CUDA ON)
    endif()
  endif()
  if(NOT SEGFORGE_HAS_CUDA AND NOT SEGFORGE_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "SEGFORGE_CUDA is ON: expected nvcc 12 or 13, got ${CMAKE_CUDA_COMPILER} ${version}")
  endif()
endif()

if(SEGFORGE_HAS_CUDA)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-code OUTPUT_VARIABLE known)
  set(architectures)
  foreach(architecture 75 80 86 89)
    if(known MATCHES "sm_${architecture}\n")
      list(APPEND architectures ${architecture}-real)
    endif()
  endforeach()
  list(APPEND architectures 90a-real 90-virtual)
  if(SEGFORGE_CUDA_ARCHITECTURES)
    set(architectures ${SEGFORGE_CUDA_ARCHITECTURES})
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${architectures})
  set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
  set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc has it
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  endif()
  # Named once more, the system's headers would come before the compiler's own, which go on to them.
  list(APPEND CMAKE_CUDA_IMPLICIT_INCLUDE_DIRECTORIES ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})
  find_package(CUDAToolkit REQUIRED)
  message(STATUS "CUDA ${version}, for ${architectures}")
else()
  message(STATUS "No CUDA: SEGFORGE_CUDA is ${SEGFORGE_CUDA}")
endif()

# Objects, not a library: kernels and the room's own sources need each other.
function(segforge_add_cuda room)
  target_link_libraries(segforge_${room} PUBLIC CUDA::cudart_static)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cuda/*.cu)
  if(NOT sources)
    return()
  endif()
  add_library(segforge_${room}_cuda OBJECT ${sources})
  # -Wpedantic is not for the code that nvcc generates.
  target_compile_options(segforge_${room}_cuda PRIVATE -Xcompiler=-Wall,-Wextra,-Wshadow
                                                       $<$<BOOL:${SEGFORGE_WERROR}>:--Werror=all-warnings>)
  # fmt 9 believes that nvcc has no constexpr functions, and then calls them where it needs them.
  target_compile_definitions(segforge_${room}_cuda PRIVATE FMT_USE_CONSTEXPR=1)
  target_include_directories(segforge_${room}_cuda PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(segforge_${room}_cuda PRIVATE segforge_base segforge_ir CUDA::cudart_static)
  target_sources(segforge_${room} PRIVATE $<TARGET_OBJECTS:segforge_${room}_cuda>)
endfunction()
