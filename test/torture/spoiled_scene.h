/* Macros that describe scenes: URLs, sources of answers, the scene itself. */
#ifndef TUV_TEST_TORTURE_SPOILED_SCENE_H
#define TUV_TEST_TORTURE_SPOILED_SCENE_H

#include "spoiled.h"

/* No time limit expires: the peer ends connections on which nothing more will arrive. */
#define KEYS "?retries=0&" PAUSES
#define PAUSES "retry_initial=1&retry_max=1&request_timeout=600000&connect_timeout=600000"
#define URL "ws://root:taosdata@127.0.0.1/cap" KEYS
#define VERSION {"options.jsonl", "version", 0, NULL, 0, NULL}
#define OLD_VERSION(number)                                                                        \
  {NULL,                                                                                           \
   "version",                                                                                      \
   0,                                                                                              \
   "{\"code\":0,\"message\":\"\",\"action\":\"version\",\"req_id\":1,\"timing\":1,"                \
   "\"version\":\"" number "\"}",                                                                  \
   0,                                                                                              \
   NULL}
#define CONN {"options.jsonl", "conn", 0, NULL, 0, NULL}
#define RECORDED(file, action, nth) {file ".jsonl", action, nth, NULL, 0, NULL}
#define MADE(action, members)                                                                      \
  {NULL,                                                                                           \
   action,                                                                                         \
   0,                                                                                              \
   "{\"code\":0,\"message\":\"\",\"action\":\"" action "\",\"req_id\":1,\"timing\":1" members "}", \
   0,                                                                                              \
   NULL}

#define LINE(action, number) {"rest.jsonl", action, number, NULL, 0, NULL}
#define HTTP(action, status, body) {NULL, action, 0, body, status, NULL}

#define SCENE(id, url_, ...)                                                                       \
  static sp_scene_t id##_scene = {.name = #id,                                                     \
                                  .url = url_,                                                     \
                                  .sources = id##_sources,                                         \
                                  .nsources = COUNT(id##_sources),                                 \
                                  __VA_ARGS__}

#endif
