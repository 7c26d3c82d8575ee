# Every library here is a Debian/Ubuntu -dev package; docs/dependencies.md says why each one.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(SPNG REQUIRED IMPORTED_TARGET spng)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(EXIF REQUIRED IMPORTED_TARGET libexif)
find_package(CLI11 REQUIRED)
find_package(Protobuf REQUIRED)
find_path(ONNX_SCHEMA onnx.proto PATH_SUFFIXES onnx REQUIRED)  # the published schema of ONNX files

# Video needs FFmpeg's headers here, and its libraries only when it runs: image/ffmpeg.h.
pkg_check_modules(FFMPEG IMPORTED_TARGET libavformat>=59.27 libavcodec libavutil libswscale libavdevice)
option(SEGFORGE_VIDEO "Video in and out, through FFmpeg" ${FFMPEG_FOUND})
if(SEGFORGE_VIDEO AND NOT FFMPEG_FOUND)
  message(FATAL_ERROR "SEGFORGE_VIDEO needs FFmpeg 5.1 or later: libavformat, libavcodec, libavutil, libswscale, libavdevice")
endif()
