// A worker that ends in order: it gives signs of life while it begins, says when it is ready, and when
// somebody wants it to stop it finishes what it does and says how that went with its exit code. With the
// argument `returns` it just returns then, with `stubborn` it hears of the stop and goes on, with `silent`
// it breaks a promise.
#include <selium.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000000000LL

int main(int argc, char **argv) {
    const char *mood = argc > 1 ? argv[1] : "";
    uint64_t id;
    char name[SELIUM_NAME_MAX];
    size_t length;
    selium_handle_t stop;
    // Should it hang from here to where it takes this back, it is ended as one that failed.
    if (selium_process_heartbeat(60 * SECOND)) return 1;
    if (selium_process_id(&id) || selium_process_name(name, sizeof name, &length)) return 1;
    if (selium_process_stop_handle(&stop)) return 1;
    if (selium_process_ready()) return 1;
    printf("process %llu, %.*s, is ready\n", (unsigned long long)id, (int)length, name);
    fflush(stdout);
    // To wait is not to hang.
    if (selium_process_heartbeat(strcmp(mood, "silent") ? 0 : SECOND / 5)) return 1;
    selium_errno_t error = selium_wait(stop, -1);
    if (error) return 1;
    printf("asked to stop\n");
    fflush(stdout);
    while (!strcmp(mood, "stubborn")) {
    }
    if (!strcmp(mood, "returns")) return 0;
    return 5;
}
