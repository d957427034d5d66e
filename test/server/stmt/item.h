/* An item of the second protocol: one column or tag, in both of its messages. */
#ifndef TS_STMT_ITEM_H
#define TS_STMT_ITEM_H

#include "stmt/binding.h"

/* 0, TS_E_INTERNAL when its length is another than it says, or TS_E_POISON. `used`: its size. */
int ts_bind_item(const uint8_t* data, size_t size, ts_bind_t* bind, size_t* used);

#endif
