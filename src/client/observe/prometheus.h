/* The parts of the Prometheus text that need no client.
 *
 * This folder shows what a client does: hooks and traces (hooks), sums and histograms (stats), the
 * same as text for Prometheus (prometheus), and what is open and in flight (dump). It looks at
 * everything, and nothing calls it. */
#ifndef TUV_CLIENT_PROMETHEUS_H
#define TUV_CLIENT_PROMETHEUS_H

#include "taosuv/observe.h"
#include "wire/text.h"

/* The two lines that come before a metric's samples. */
void tuv_prometheus_head(tuv_text_t* out, const char* name, const char* type, const char* help);

/* key="value", escaped. */
void tuv_prometheus_label(tuv_text_t* out, const char* key, const char* value);

/* The samples of one action's histogram: cumulative buckets, sum and count. */
void tuv_prometheus_latency(tuv_text_t* out, const char* action, const taosuv_latency_t* latency);

#endif
