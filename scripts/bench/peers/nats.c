// The NATS side of the latency table: request/reply (client, server, responder, server, client: four
// hops) and PING/PONG (client, server: the hops a Selium request has). libnats in SendAsap mode: without
// it the client batches and one request at a time would look slower than NATS is.
//
//   nats respond URL SUBJECT REPLY_BYTES
//   nats request URL SUBJECT COUNT IN_FLIGHT REQUEST_BYTES
//   nats ping    URL COUNT IN_FLIGHT
//
// request and ping print one JSON object; respond prints "ready" and answers until its stdin ends.
#include <nats/nats.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_COUNT 5000000
#define MAX_IN_FLIGHT 1024

static void check(natsStatus status, const char *what) {
    if (status == NATS_OK) return;
    fprintf(stderr, "nats: %s: %s\n", what, natsStatus_GetText(status));
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long number(const char *text, long least, long most) {
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (*text == 0 || *end != 0 || value < least || value > most) {
        fprintf(stderr, "nats: %s is not a number from %ld to %ld\n", text, least, most);
        exit(64);
    }
    return value;
}

static natsConnection *connect_to(const char *url) {
    natsOptions *options = NULL;
    natsConnection *connection = NULL;
    check(natsOptions_Create(&options), "options");
    check(natsOptions_SetURL(options, url), "url");
    check(natsOptions_SetSendAsap(options, true), "send asap");
    check(natsConnection_Connect(&connection, options), "connect");
    natsOptions_Destroy(options);
    return connection;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void report(int64_t *samples, long count, int64_t elapsed, long in_flight, const char *how) {
    qsort(samples, (size_t)count, sizeof *samples, ascending);
    printf("{\"count\":%ld,\"in_flight\":%ld,\"p50_us\":%.2f,\"p99_us\":%.2f,\"min_us\":%.2f,"
           "\"per_second\":%.0f,\"how\":\"%s\"}\n",
           count, in_flight, samples[count / 2] / 1e3, samples[count - 1 - count / 100] / 1e3,
           samples[0] / 1e3, (double)count * 1e9 / (double)elapsed, how);
}

// ---- responder ------------------------------------------------------------------------------

struct reply { char bytes[65536]; int length; };

static void answer(natsConnection *c, natsSubscription *s, natsMsg *message, void *closure) {
    (void)s;
    struct reply *reply = closure;
    natsConnection_Publish(c, natsMsg_GetReply(message), reply->bytes, reply->length);
    natsMsg_Destroy(message);
}

static int respond(const char *url, const char *subject, long bytes) {
    static struct reply reply;
    memset(reply.bytes, 'r', sizeof reply.bytes);
    reply.length = (int)bytes;
    natsConnection *connection = connect_to(url);
    natsSubscription *subscription = NULL;
    check(natsConnection_Subscribe(&subscription, connection, subject, answer, &reply), "subscribe");
    check(natsConnection_Flush(connection), "flush");
    puts("ready");
    fflush(stdout);
    char sink;
    while (read(0, &sink, 1) > 0) {}
    natsSubscription_Destroy(subscription);
    natsConnection_Destroy(connection);
    return 0;
}

// ---- one request at a time: the call everybody uses -----------------------------------------

static void request_one(
    natsConnection *connection, const char *subject, int64_t *samples, long count,
    const char *body, int bytes) {
    for (long i = 0; i < count; i++) {
        natsMsg *reply = NULL;
        int64_t start = now_ns();
        check(natsConnection_Request(&reply, connection, subject, body, bytes, 5000), "request");
        samples[i] = now_ns() - start;
        natsMsg_Destroy(reply);
    }
}

// ---- a window of requests: replies come to one inbox and each starts the next ----------------

struct window {
    natsConnection *connection;
    const char *subject;
    char inbox[128];
    const char *body;
    int bytes;
    int64_t *samples;
    int64_t started[MAX_IN_FLIGHT];
    long count, sent, received;
    pthread_mutex_t lock;
    pthread_cond_t done;
};

static void send_in_slot(struct window *w, int slot) {
    char reply[160];
    snprintf(reply, sizeof reply, "%s.%d", w->inbox, slot);
    w->sent++;
    w->started[slot] = now_ns();
    check(natsConnection_PublishRequest(w->connection, w->subject, reply, w->body, w->bytes), "publish");
}

static void got_reply(natsConnection *c, natsSubscription *s, natsMsg *message, void *closure) {
    (void)c; (void)s;
    struct window *w = closure;
    const char *dot = strrchr(natsMsg_GetSubject(message), '.');
    long slot = dot ? strtol(dot + 1, NULL, 10) : -1;
    natsMsg_Destroy(message);
    pthread_mutex_lock(&w->lock);
    if (slot >= 0 && slot < MAX_IN_FLIGHT && w->received < w->count) {
        w->samples[w->received++] = now_ns() - w->started[slot];
        if (w->received == w->count) pthread_cond_signal(&w->done);
        else if (w->sent < w->count) send_in_slot(w, (int)slot);
    }
    pthread_mutex_unlock(&w->lock);
}

static void request_window(
    natsConnection *connection, const char *subject, int64_t *samples, long count, long in_flight,
    const char *body, int bytes) {
    static struct window w;
    memset(&w, 0, sizeof w);
    w.connection = connection;
    w.subject = subject;
    w.samples = samples;
    w.count = count;
    w.body = body;
    w.bytes = bytes;
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.done, NULL);
    natsInbox *inbox = NULL;
    check(natsInbox_Create(&inbox), "inbox");
    snprintf(w.inbox, sizeof w.inbox, "%s", inbox);
    natsInbox_Destroy(inbox);
    char pattern[160];
    snprintf(pattern, sizeof pattern, "%s.*", w.inbox);
    natsSubscription *subscription = NULL;
    check(natsConnection_Subscribe(&subscription, connection, pattern, got_reply, &w), "subscribe");
    check(natsConnection_Flush(connection), "flush");
    pthread_mutex_lock(&w.lock);
    for (int slot = 0; slot < in_flight && w.sent < count; slot++) send_in_slot(&w, slot);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 60;
    while (w.received < w.count)
        if (pthread_cond_timedwait(&w.done, &w.lock, &limit) != 0) {
            fprintf(stderr, "nats: %ld of %ld replies after 60 s\n", w.received, w.count);
            exit(1);
        }
    pthread_mutex_unlock(&w.lock);
    natsSubscription_Destroy(subscription);
}

// ---- PING/PONG: natsConnection_Flush is one PING and the wait for its PONG -------------------

struct pinger { natsConnection *connection; int64_t *samples; long count; };

static void *ping_loop(void *closure) {
    struct pinger *p = closure;
    for (long i = 0; i < p->count; i++) {
        int64_t start = now_ns();
        check(natsConnection_FlushTimeout(p->connection, 5000), "ping");
        p->samples[i] = now_ns() - start;
    }
    return NULL;
}

static void ping(natsConnection *connection, int64_t *samples, long count, long in_flight) {
    pthread_t threads[MAX_IN_FLIGHT];
    struct pinger pingers[MAX_IN_FLIGHT];
    long each = count / in_flight;
    for (long i = 0; i < in_flight; i++) {
        pingers[i] = (struct pinger){connection, samples + i * each, each};
        if (pthread_create(&threads[i], NULL, ping_loop, &pingers[i]) != 0) exit(1);
    }
    for (long i = 0; i < in_flight; i++) pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "respond") == 0)
        return respond(argv[2], argv[3], number(argv[4], 0, 65536));
    bool asks = argc == 7 && strcmp(argv[1], "request") == 0;
    if (!asks && !(argc == 5 && strcmp(argv[1], "ping") == 0)) {
        fputs("usage: nats respond|request|ping URL …\n", stderr);
        return 64;
    }
    long count = number(argv[asks ? 4 : 3], 1, MAX_COUNT);
    long in_flight = number(argv[asks ? 5 : 4], 1, MAX_IN_FLIGHT);
    long bytes = asks ? number(argv[6], 0, 65536) : 0;
    if (!asks) count = (count + in_flight - 1) / in_flight * in_flight;
    static char body[65536];
    memset(body, 'q', sizeof body);
    int64_t *samples = calloc((size_t)count, sizeof *samples);
    if (!samples) return 1;
    natsConnection *connection = connect_to(argv[2]);
    long warm = count / 10 > 2000 ? 2000 : count / 10 + 1;
    if (asks) request_one(connection, argv[3], samples, warm < count ? warm : count, body, (int)bytes);
    else ping(connection, samples, warm < count ? warm : count, 1);
    int64_t start = now_ns();
    if (!asks) ping(connection, samples, count, in_flight);
    else if (in_flight == 1) request_one(connection, argv[3], samples, count, body, (int)bytes);
    else request_window(connection, argv[3], samples, count, in_flight, body, (int)bytes);
    report(samples, count, now_ns() - start, in_flight,
           !asks ? "natsConnection_Flush, one thread each"
           : in_flight == 1 ? "natsConnection_Request" : "PublishRequest, replies to one inbox");
    natsConnection_Destroy(connection);
    return 0;
}
