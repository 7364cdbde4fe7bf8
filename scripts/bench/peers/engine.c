// The engine alone, in this process, nothing around it: what starting a program and running it to its
// first output costs when there is no network, no server, no log and no limits.
//
//   engine MODULE.wasm COUNT
//
// The module exports _start and imports wasi_snapshot_preview1 fd_write and proc_exit. One sample is:
// new store, instance, call of _start until fd_write is entered; the store is deleted outside of it.
// Prints one JSON object.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// What is used of the C API of libwasmtime 50, declared here so that this program needs only the library.
typedef struct { size_t size; char *data; } bytes_t;
typedef struct { uint64_t store; size_t number; } instance_t;
typedef struct { uint64_t store; void *pointer; } func_t;
typedef struct { uint8_t kind; union { func_t func; uint64_t words[3]; } of; } extern_t;
typedef struct { size_t size; void **data; } types_t;
_Static_assert(sizeof(extern_t) == 32 && offsetof(extern_t, of) == 8, "extern");

void *wasm_config_new(void);
void *wasm_engine_new_with_config(void *config);
void wasmtime_config_epoch_interruption_set(void *config, bool on);
void *wasmtime_module_new(void *engine, const uint8_t *bytes, size_t length, void **module);
void *wasmtime_linker_new(void *engine);
void *wasmtime_linker_define_func_unchecked(
    void *linker, const char *module, size_t module_length, const char *name, size_t name_length,
    void *type, void *(*call)(void *, void *, void *, size_t), void *data, void (*end)(void *));
void *wasmtime_linker_instantiate_pre(const void *linker, const void *module, void **pre);
void *wasmtime_instance_pre_instantiate(
    const void *pre, void *context, instance_t *instance, void **trap);
bool wasmtime_instance_export_get(
    void *context, const instance_t *instance, const char *name, size_t length, extern_t *item);
void *wasmtime_store_new(void *engine, void *data, void (*end)(void *));
void *wasmtime_store_context(void *store);
void wasmtime_store_delete(void *store);
void wasmtime_context_set_epoch_deadline(void *context, uint64_t ticks);
void *wasmtime_func_call(
    void *context, const func_t *func, const void *args, size_t nargs, void *results,
    size_t nresults, void **trap);
void *wasmtime_trap_new(const char *message, size_t length);
void wasm_trap_delete(void *trap);
void wasmtime_error_message(const void *error, bytes_t *message);
void *wasm_valtype_new(uint8_t kind);
void wasm_valtype_vec_new(types_t *out, size_t count, void *const types[]);
void *wasm_functype_new(types_t *parameters, types_t *results);

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void check(void *error, const char *what) {
    if (!error) return;
    bytes_t message = {0};
    wasmtime_error_message(error, &message);
    fprintf(stderr, "engine: %s: %.*s\n", what, (int)message.size, message.data);
    exit(1);
}

static int64_t first_output;

static void *fd_write(void *env, void *caller, void *raw, size_t count) {
    (void)env; (void)caller; (void)count;
    if (!first_output) first_output = now_ns();
    memset(raw, 0, 4);
    return NULL;
}

static void *proc_exit(void *env, void *caller, void *raw, size_t count) {
    (void)env; (void)caller; (void)raw; (void)count;
    return wasmtime_trap_new("exit", 4);
}

static void *function_type(size_t parameters, size_t results) {
    void *kinds[8];
    types_t in, out;
    for (size_t i = 0; i < parameters; i++) kinds[i] = wasm_valtype_new(0);
    wasm_valtype_vec_new(&in, parameters, kinds);
    for (size_t i = 0; i < results; i++) kinds[i] = wasm_valtype_new(0);
    wasm_valtype_vec_new(&out, results, kinds);
    return wasm_functype_new(&in, &out);
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (count < 1 || count > 1000000) {
        fputs("usage: engine MODULE.wasm COUNT\n", stderr);
        return 64;
    }
    static uint8_t wasm[1 << 20];
    FILE *file = fopen(argv[1], "rb");
    size_t length = file ? fread(wasm, 1, sizeof wasm, file) : 0;
    if (length == 0) { fprintf(stderr, "engine: cannot read %s\n", argv[1]); return 66; }
    fclose(file);

    void *config = wasm_config_new();
    wasmtime_config_epoch_interruption_set(config, true);
    void *engine = wasm_engine_new_with_config(config), *module = NULL, *pre = NULL;
    check(wasmtime_module_new(engine, wasm, length, &module), "module");
    void *linker = wasmtime_linker_new(engine);
    static const char wasi[] = "wasi_snapshot_preview1";
    check(wasmtime_linker_define_func_unchecked(
              linker, wasi, sizeof wasi - 1, "fd_write", 8, function_type(4, 1), fd_write, NULL, NULL),
          "fd_write");
    check(wasmtime_linker_define_func_unchecked(
              linker, wasi, sizeof wasi - 1, "proc_exit", 9, function_type(1, 0), proc_exit, NULL, NULL),
          "proc_exit");
    check(wasmtime_linker_instantiate_pre(linker, module, &pre), "imports");

    int64_t *samples = calloc((size_t)count, sizeof *samples);
    if (!samples) return 1;
    for (long i = -count / 10; i < count; i++) {
        first_output = 0;
        int64_t start = now_ns();
        void *store = wasmtime_store_new(engine, NULL, NULL), *trap = NULL;
        void *context = wasmtime_store_context(store);
        wasmtime_context_set_epoch_deadline(context, 1);
        instance_t instance;
        extern_t entry;
        check(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap), "instance");
        if (trap || !wasmtime_instance_export_get(context, &instance, "_start", 6, &entry)) {
            fputs("engine: no _start\n", stderr);
            return 1;
        }
        void *error = wasmtime_func_call(context, &entry.of.func, NULL, 0, NULL, 0, &trap);
        if (error && !first_output) check(error, "call");
        if (trap) wasm_trap_delete(trap);
        wasmtime_store_delete(store);
        if (!first_output) { fputs("engine: it printed nothing\n", stderr); return 1; }
        if (i >= 0) samples[i] = first_output - start;
    }
    qsort(samples, (size_t)count, sizeof *samples, ascending);
    printf("{\"count\":%ld,\"p50_us\":%.2f,\"p99_us\":%.2f,\"min_us\":%.2f}\n", count,
           samples[count / 2] / 1e3, samples[count - 1 - count / 100] / 1e3, samples[0] / 1e3);
    return 0;
}
