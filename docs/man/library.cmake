# The pages of the library.
#
# Each function has a page by its own name, which is a symbolic link to that of its family. That is
# what Debian's packages have, whose dh_installman makes links also of pages that are one line of
# ".so": a link needs no second page to be read, and mandb(8) knows it for what it is. The names are
# those in the page's NAME, but for the interface of libmemcached, whose own pages have them.
function(shmb_manual_of_library name)
  shmb_manual(${name} 3)
  if(NOT SCDOC OR NOT GZIP)
    return()
  endif()
  set(source ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${name}.3.scd)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(REGEX MATCH "# NAME\n\n[^#]* - " names "${text}")
  string(REGEX MATCHALL "shmb_[a-z_]+" functions "${names}")
  foreach(function ${functions})
    set(link ${CMAKE_CURRENT_BINARY_DIR}/${function}.3.gz)
    file(CREATE_LINK ${name}.3.gz ${link} SYMBOLIC)
    install(FILES ${link} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3
      COMPONENT ${manual_component_3})
  endforeach()
endfunction()

foreach(page libshmbroker shmb_cache shmb_cache_fill shmb_connection shmb_consumer shmb_fifo
    shmb_lock shmb_member shmb_memcached shmb_object shmb_permission shmb_poll shmb_producer
    shmb_request shmb_segment shmb_state shmb_stream shmb_vars shmb_watch)
  shmb_manual_of_library(${page})
endforeach()
