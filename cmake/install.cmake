# The installed tree: bin/segforge, lib/libsegforge.so, include/segforge, share/segforge/models and the CMake package.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/segforge)

install(TARGETS segforge RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS segforge_library EXPORT segforge LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/segforge DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/segforge/models)
install(EXPORT segforge NAMESPACE segforge:: FILE segforge-targets.cmake DESTINATION ${package_folder})

configure_package_config_file(cmake/segforge-config.cmake.in segforge-config.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(segforge-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/segforge-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/segforge-config-version.cmake
        DESTINATION ${package_folder})

foreach(shell bash zsh fish)
  set(completion ${CMAKE_BINARY_DIR}/completion/segforge.${shell})
  add_custom_command(OUTPUT ${completion} DEPENDS segforge
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/completion
                     COMMAND segforge completion ${shell} > ${completion} VERBATIM)
  list(APPEND completions ${completion})
endforeach()
add_custom_target(segforge_completion ALL DEPENDS ${completions})
install(FILES ${CMAKE_BINARY_DIR}/completion/segforge.bash RENAME segforge
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${CMAKE_BINARY_DIR}/completion/segforge.zsh RENAME _segforge
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${CMAKE_BINARY_DIR}/completion/segforge.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
