/* taosuv: an asynchronous TDengine client on the caller's libuv loop. The one header to include. */
#ifndef TAOSUV_H
#define TAOSUV_H

#include "taosuv/block.h"
#include "taosuv/bind.h"
#include "taosuv/client.h"
#include "taosuv/error.h"
#include "taosuv/line.h"
#include "taosuv/lines.h"
#include "taosuv/observe.h"
#include "taosuv/query.h"
#include "taosuv/stmt.h"
#include "taosuv/tmq.h"
#include "taosuv/url.h"
#include "taosuv/version.h"
#include "taosuv/writer.h"

#endif
