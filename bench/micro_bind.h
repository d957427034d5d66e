/* The codecs of taosuv-micro that bind rows and write them as messages. */
#ifndef TAOSUV_BENCH_MICRO_BIND_H
#define TAOSUV_BENCH_MICRO_BIND_H

#include <stdint.h>

#define BIND_ROWS 10000u

void bind_make(void);
void bind_done(void);

/* Each binds BIND_ROWS rows of ten tables, writes the message masked, as the send buffer does, and
 * clears the batch; the result is to be used. */
uint64_t bind_columns(void);   /* TIMESTAMP, INT, DOUBLE; by column, stmt2 */
uint64_t bind_rows(void);      /* the same by row */
uint64_t bind_values(void);    /* the same value by value */
uint64_t bind_columnar(void);  /* the same by column, as one bind_exec */
uint64_t bind_texts(void);     /* with a VARCHAR(24), by column */
uint64_t bind_text_rows(void); /* with a VARCHAR(24), by row */
uint64_t bind_first(void);     /* the same by column, as blocks of the first version */

#endif
