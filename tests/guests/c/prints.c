/* A game in C, with the C library of WASI: it allocates, frees, prints, and tells everyone what it counts. The contract's
 * functions are written out as the canonical ABI lowers them (wit/0.1/game.wit). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((import_module("stadion:game/host@0.1.0"), import_name("send")))
void host_send(int32_t target, int32_t seat, int32_t via, const void *data, int32_t length, void *answer);

enum { EVERYONE = 1, RELIABLE = 0, EVENT_MESSAGE = 4, BLOCKS = 32 };

static char *blocks[BLOCKS];
static uint64_t messages, bytes;
static double average = 1.0 / 3.0;

struct description {
    const char *title;
    int32_t title_length;
    uint16_t seats_min, seats_max, teams, rate;
    uint64_t memory_bytes;
    uint32_t step_us;
    uint8_t has_schema;
    const void *schema;
    int32_t schema_length;
    const void *settings;
    int32_t settings_length;
};

__attribute__((export_name("stadion:game/game@0.1.0#describe")))
void *describe(void) {
    static struct description it;
    it.title = "prints, in C";
    it.title_length = 12;
    it.seats_min = 1;
    it.seats_max = 4;
    it.rate = 20;
    it.memory_bytes = 8 << 20;
    it.step_us = 100000;
    return &it;
}

/* result<wake, string>, and wake: all zero is "ok, next". */
static uint64_t next_period[4];

__attribute__((export_name("stadion:game/game@0.1.0#start")))
void *start(void *setup) {
    printf("a game in C begins\n");
    free(setup);
    return next_period;
}

struct event {
    uint8_t kind;
    uint8_t padding[7];
    uint16_t seat;
    uint8_t via;
    uint8_t more;
    const uint8_t *data;
    int32_t length;
    uint8_t rest[28];
};

__attribute__((export_name("stadion:game/game@0.1.0#step")))
void *step(uint64_t number, uint64_t time, uint64_t skipped, struct event *events, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (events[i].kind != EVENT_MESSAGE) continue;
        messages++;
        bytes += (uint64_t)events[i].length;
        average = average * 0.9 + events[i].length / 7.0;
        int slot = (int)(messages % BLOCKS);
        free(blocks[slot]);
        blocks[slot] = malloc((size_t)events[i].length * 5 + 1);
        sprintf(blocks[slot], "%d", (int)events[i].length);
        free((void *)events[i].data);
    }
    printf("tick %llu at %llu: %llu messages, %.17g on average\n", (unsigned long long)number,
           (unsigned long long)time, (unsigned long long)messages, average);
    if (number % 7 == 0) fprintf(stderr, "skipped %llu", (unsigned long long)skipped);
    char text[256] = {0};
    int length = snprintf(text, sizeof text, "%llu %llu %p %p %a", (unsigned long long)messages,
                          (unsigned long long)bytes, (void *)blocks[messages % BLOCKS], (void *)events, average);
    uint8_t answer[8];
    host_send(EVERYONE, 0, RELIABLE, text, length, answer);
    free(events);
    return next_period;
}
