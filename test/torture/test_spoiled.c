/* Changes the replies of a server, one at a time, in every numbered way: nothing crashes, hangs or
 * leaks, and no value is reported that the server did not send.
 *
 * TAOSUV_TEST_SPOILED narrows it: "scene" or "scene reply way number", to look at one. With
 * TAOSUV_TEST_SPOILED_SECONDS it also tries random ways, two at a time, for that time; the seed is
 * TAOSUV_TEST_SPOILED_SEED (1). */
#include "spoiled.h"
#include "wire/deflate/deflate.h"

static uv_loop_t loop;

typedef struct group_s {
  const char* name;
  sp_way_t way;
} group_t;

static const group_t groups[] = {{"members of its JSON", sp_spoil_json},
                                 {"bytes of its blocks", sp_spoil_binary},
                                 {"whole messages", sp_spoil_message},
                                 {"frames", sp_spoil_frames},
                                 {"HTTP", sp_spoil_http},
                                 {"permessage-deflate", sp_spoil_deflate},
                                 {"gzip", sp_spoil_gzip}};

typedef struct case_s {
  sp_scene_t* scene;
  const group_t* group;
  char name[96];
} case_t;

enum { MOST_FAULTS = 12, CASES = 160 };

static uint64_t ran;

/* Runs all ways of a group on one reply; returns the number of faults. */
static unsigned spoil_reply(sp_scene_t* scene, const group_t* group, unsigned at, bool always,
                            uint32_t first, uint32_t last) {
  unsigned faults = 0;
  for (uint32_t n = first; n <= last && faults < MOST_FAULTS; n++) {
    sp_plan_t plan[2] = {{.way = group->way, .n = n, .at = at, .always = always}};
    faults += sp_run(scene, &loop, plan, NULL);
    if (plan[0].exhausted) break;
    if (!plan[0].done && scene->recovers) break; /* its own requests depend on time */
    if (!plan[0].done) fail_msg("reply %u of %s was not reached by %u", at, scene->name, n);
    ran++;
  }
  return faults;
}

static void spoil_all(void** state) {
  const case_t* one = *state;
  unsigned faults = 0;
  /* Frames do not depend on their content: only those of every third reply, and of blocks. */
  bool frames = one->group->way == sp_spoil_frames;
  for (unsigned at = one->scene->from; at < one->scene->nreplies; at++) {
    if (frames && at % 3 != 0 && one->scene->replies[at]->kind == SP_TEXT) continue;
    faults += spoil_reply(one->scene, one->group, at, false, 0, UINT32_MAX);
  }
  /* A consumer reconnects: the change is made on each connection. */
  bool again = one->scene->consumer && one->group->way == sp_spoil_message;
  for (unsigned at = 1; again && at < one->scene->nreplies; at++)
    faults += spoil_reply(one->scene, one->group, at, true, 0, 44); /* without a cut at each
                                                                       length */
  assert_int_equal(faults, 0);
}

/* ---- at random: two replies of a scene, or one on each connection ---- */

static uint64_t number_of(const char* name, uint64_t usual) {
  const char* text = getenv(name);
  return text == NULL ? usual : strtoull(text, NULL, 10);
}

static unsigned try_random(sp_scene_t* scene, uint32_t seed) {
  if (scene->nreplies == 0) return 0; /* this build cannot */
  unsigned at = (seed * 7u + 3u) % scene->nreplies;
  unsigned other = (seed * 13u + seed / 97u) % scene->nreplies;
  sp_plan_t plan[2] = {{.way = sp_spoil_random, .n = seed, .at = at, .always = seed % 5 == 0},
                       {.way = sp_spoil_random, .n = ~seed, .at = other}};
  if (seed % 3 == 0) plan[1].way = NULL;
  unsigned faults = sp_run(scene, &loop, plan, NULL);
  if (faults > 0) print_error("%s: seed %u\n", scene->name, seed);
  return faults;
}

static unsigned run_random(sp_scene_t* const* const* lists, const unsigned* counts,
                           unsigned nlists) {
  uint64_t seconds = number_of("TAOSUV_TEST_SPOILED_SECONDS", 0);
  uint64_t end = uv_hrtime() + seconds * 1000000000u;
  uint32_t first = (uint32_t) number_of("TAOSUV_TEST_SPOILED_SEED", 1), seed = first;
  unsigned faults = 0;
  const char* only = getenv("TAOSUV_TEST_SPOILED"); /* with 0 seconds: only that seed */
  while (seconds > 0 && uv_hrtime() < end && faults < MOST_FAULTS)
    for (unsigned i = 0; i < nlists; i++)
      for (unsigned k = 0; k < counts[i]; k++) faults += try_random(lists[i][k], seed++);
  for (unsigned i = 0; i < nlists && seconds == 0 && only != NULL; i++)
    for (unsigned k = 0; k < counts[i]; k++)
      if (strcmp(lists[i][k]->name, only) == 0 && getenv("TAOSUV_TEST_SPOILED_SEED") != NULL)
        faults += try_random(lists[i][k], first);
  if (seconds > 0) print_message("seeds %u to %u tried\n", first, seed - 1);
  return faults;
}

/* ---- the list of cases ---- */

static case_t cases[CASES];
static struct CMUnitTest tests[CASES];
static size_t ncases;

static bool applies(const sp_scene_t* scene, const group_t* group) {
  if (scene->alone && group->way == sp_spoil_json) return false;
  if (scene->recovers && group->way != sp_spoil_message)
    return false; /* as tested in another
                                                                          scene */
  bool packing = group->way == sp_spoil_deflate || group->way == sp_spoil_gzip;
  if (packing != scene->compressed) return false;
  for (unsigned i = 0; i < scene->nreplies; i++) {
    sp_kind_t kind = scene->replies[i]->kind;
    if (group->way == sp_spoil_message) return true;
    if (group->way == sp_spoil_json && kind != SP_BINARY) return true;
    if (group->way == sp_spoil_binary && kind == SP_BINARY) return true;
    if (group->way == sp_spoil_frames && kind != SP_HTTP) return true;
    if (group->way == sp_spoil_http && kind == SP_HTTP) return true;
    if (packing) return (group->way == sp_spoil_gzip) == (kind == SP_HTTP);
  }
  return false;
}

static void add_scene(sp_scene_t* scene) {
  if (scene->compressed && !tuv_deflate_available()) {
    print_message("%s: not without zlib\n", scene->name);
    return;
  }
  for (unsigned i = 0; i < COUNT(groups); i++) {
    if (!applies(scene, &groups[i])) continue;
    if (ncases == CASES) abort();
    case_t* made = &cases[ncases];
    *made = (case_t) {scene, &groups[i], ""};
    snprintf(made->name, sizeof made->name, "%s: %s", scene->name, groups[i].name);
    tests[ncases++] = (struct CMUnitTest) {made->name, spoil_all, NULL, NULL, made};
  }
}

/* Runs the case that the environment selects. */
static int run_one(const char* asked, sp_scene_t* const* scenes, unsigned count) {
  char name[32], group[32];
  unsigned at = 0, n = 0;
  int found = sscanf(asked, "%31s %u %31s %u", name, &at, group, &n);
  for (unsigned i = 0; i < count; i++) {
    if (strcmp(scenes[i]->name, name) != 0) continue;
    for (unsigned k = 0; k < COUNT(groups) && found == 4; k++)
      if (strncmp(groups[k].name, group, strlen(group)) == 0)
        return (int) spoil_reply(scenes[i], &groups[k], at, false, n, n);
    add_scene(scenes[i]);
  }
  return _cmocka_run_group_tests("spoiled", tests, ncases, NULL, NULL);
}

int main(void) {
  static sp_scene_t* const* const lists[] = {sp_scenes_client, sp_scenes_stmt, sp_scenes_tmq,
                                             sp_scenes_rest};
  const unsigned counts[] = {sp_scenes_client_count, sp_scenes_stmt_count, sp_scenes_tmq_count,
                             sp_scenes_rest_count};
  const char* asked = getenv("TAOSUV_TEST_SPOILED");
  int failed = 0;
  if (uv_loop_init(&loop) != 0) return 1;
  for (unsigned i = 0; i < COUNT(lists); i++)
    for (unsigned k = 0; k < counts[i]; k++) {
      if (lists[i][k]->compressed && !tuv_deflate_available()) continue;
      sp_scene_begin(lists[i][k], &loop);
      if (asked == NULL) add_scene(lists[i][k]);
    }
  if (asked != NULL)
    for (unsigned i = 0; i < COUNT(lists); i++) failed += run_one(asked, lists[i], counts[i]);
  else
    failed = _cmocka_run_group_tests("spoiled", tests, ncases, NULL, NULL);
  print_message("%llu spoiled replies\n", (unsigned long long) ran);
  failed += (int) run_random(lists, counts, COUNT(lists));
  for (unsigned i = 0; i < COUNT(lists); i++)
    for (unsigned k = 0; k < counts[i]; k++) sp_scene_end(lists[i][k]);
  if (uv_loop_close(&loop) != 0) return 1;
  return failed;
}
