// What a program asks of WASI preview 1, in C: one action per first argument.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(clockid_t clock) {
    struct timespec time;
    return clock_gettime(clock, &time) ? -1 : time.tv_sec + time.tv_nsec / 1e9;
}

static const char *word(int condition) { return condition ? "true" : "false"; }

// As the programs in Go, Rust and Python beside this file.
static int surface(int argc, char **argv) {
    char line[256];
    printf("args");
    for (int index = 2; index < argc; index++) printf(" [%s]", argv[index]);
    const char *colour = getenv("COLOUR");
    printf("\ncolour %s\n", colour ? colour : "none");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        for (char *at = line; *at; at++)
            if (*at >= 'a' && *at <= 'z') *at -= 32;
        printf("in %s\n", line);
    }
    double begin = now(CLOCK_MONOTONIC);
    struct timespec pause = {0, 200000000};
    nanosleep(&pause, NULL);
    double slept = now(CLOCK_MONOTONIC) - begin;
    printf("clock %s\n", word(now(CLOCK_REALTIME) > 1.7e9));
    printf("slept %s\n", word(slept >= 0.2 && slept < 30));
    unsigned char one[16] = {0}, two[16] = {0};
    int failed = getentropy(one, sizeof one) || getentropy(two, sizeof two);
    printf("random %s\n", word(!failed && memcmp(one, two, sizeof one)));
    fflush(stdout);
    fprintf(stderr, "to stderr\n");
    return 5;
}

// Descriptors, clocks and waiting, as far as libc shows them.
static int details(void) {
    struct timespec resolution;
    printf("terminal %s\n", word(isatty(1)));
    printf("seek %s\n", lseek(1, 0, SEEK_CUR) < 0 && errno == ESPIPE ? "refused" : "done");
    printf("resolution %s\n",
           word(clock_getres(CLOCK_MONOTONIC, &resolution) == 0 &&
                (resolution.tv_sec || resolution.tv_nsec)));
    printf("write to a closed descriptor %s\n",
           write(9, "x", 1) < 0 && errno == EBADF ? "EBADF" : "done");
    FILE *file = fopen("/etc/passwd", "r");
    printf("file %s\n", file ? "opened" : "refused");
    struct pollfd input = {0, POLLIN, 0};
    double begin = now(CLOCK_MONOTONIC);
    int ready = poll(&input, 1, 150);
    double waited = now(CLOCK_MONOTONIC) - begin;
    printf("poll %d %s\n", ready, word(waited >= 0.15 && waited < 30));
    size_t variables = 0;
    while (environ && environ[variables]) variables++;
    printf("variables %zu\n", variables);
    // Volatile, lest the compiler decides what the allocator would have said.
    void *volatile some = malloc(40 << 20);
    void *volatile more = malloc((size_t)400 << 20);
    printf("40 MiB %s, 400 MiB %s\n", some ? "given" : "refused", more ? "given" : "refused");
    return some ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *action = argc > 1 ? argv[1] : "";
    if (!strcmp(action, "surface")) return surface(argc, argv);
    if (!strcmp(action, "details")) return details();
    if (!strcmp(action, "exit")) {
        printf("unflushed");
        exit(42);
    }
    if (!strcmp(action, "quick")) {
        printf("lost");
        _Exit(43);
    }
    if (!strcmp(action, "abort")) abort();
    if (!strcmp(action, "eof")) {
        printf("%d\n", getchar() == EOF);
        return 0;
    }
    return 1;
}
