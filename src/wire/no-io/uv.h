/* Stands before libuv's header in the include path of src/wire, so that including it fails. */
#error "src/wire does no I/O: libuv and headers that include it are out of bounds here"
