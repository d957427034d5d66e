/* Writers, as the client knows them. */
#ifndef TUV_CLIENT_WRITER_WRITERS_H
#define TUV_CLIENT_WRITER_WRITERS_H

#include "taosuv.h"

void tuv_writers_close(taosuv_client_t* client); /* it is being closed */

#endif
