#ifndef SELIUM_CWASMTIME_H
#define SELIUM_CWASMTIME_H

// What Selium uses of the C API of libwasmtime 50.0.1, and nothing else. The library is prebuilt and
// comes without headers, so the layouts are asserted here and their use is covered by SeliumWasmTests.
// Every struct that is only ever behind a pointer stays incomplete.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- vectors, types -------------------------------------------------------------------------

typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasm_frame_t wasm_frame_t;
typedef struct wasm_importtype_t wasm_importtype_t;
typedef struct wasm_exporttype_t wasm_exporttype_t;
typedef struct wasm_externtype_t wasm_externtype_t;

typedef struct { size_t size; char *data; } wasm_byte_vec_t;
typedef wasm_byte_vec_t wasm_name_t;
typedef struct { size_t size; wasm_valtype_t **data; } wasm_valtype_vec_t;
typedef struct { size_t size; wasm_frame_t **data; } wasm_frame_vec_t;
typedef struct { size_t size; wasm_importtype_t **data; } wasm_importtype_vec_t;
typedef struct { size_t size; wasm_exporttype_t **data; } wasm_exporttype_vec_t;

typedef uint8_t wasm_valkind_t;    // 0 i32, 1 i64, 2 f32, 3 f64, 128 externref, 129 funcref
typedef uint8_t wasm_externkind_t; // 0 func, 1 global, 2 table, 3 memory, 4 tag

wasm_valtype_t *wasm_valtype_new(wasm_valkind_t kind);
// There is wasm_valtype_kind as well, but it aborts the process for v128 and for references other
// than externref and funcref, and those may stand in any module's exports: compare instead.
wasm_valtype_t *wasmtime_wasm_valtype_v128(void);
bool wasmtime_wasm_valtype_equal(const wasm_valtype_t *a, const wasm_valtype_t *b);
void wasm_valtype_vec_new(wasm_valtype_vec_t *out, size_t count, wasm_valtype_t *const types[]);
void wasm_valtype_vec_new_empty(wasm_valtype_vec_t *out);

// Takes both vectors over.
wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *parameters, wasm_valtype_vec_t *results);
void wasm_functype_delete(wasm_functype_t *type);
const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *type);
const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *type);

uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *type);

void wasm_byte_vec_delete(wasm_byte_vec_t *bytes);
void wasm_frame_vec_delete(wasm_frame_vec_t *frames);
void wasm_importtype_vec_delete(wasm_importtype_vec_t *imports);
void wasm_exporttype_vec_delete(wasm_exporttype_vec_t *exports);

const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *import);
const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *import);
const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *import);
const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *export_);
const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *export_);
wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *type);
const wasm_functype_t *wasm_externtype_as_functype_const(const wasm_externtype_t *type);
const wasm_memorytype_t *wasm_externtype_as_memorytype_const(const wasm_externtype_t *type);

// ---- traps and errors -----------------------------------------------------------------------

typedef struct wasmtime_error wasmtime_error_t;

void wasm_trap_trace(const wasm_trap_t *trap, wasm_frame_vec_t *out);
void wasm_trap_delete(wasm_trap_t *trap);
void wasm_trap_message(const wasm_trap_t *trap, wasm_byte_vec_t *out);
bool wasmtime_trap_code(const wasm_trap_t *trap, uint8_t *code);
wasm_trap_t *wasmtime_trap_new(const char *message, size_t length);

uint32_t wasm_frame_func_index(const wasm_frame_t *frame);
size_t wasm_frame_module_offset(const wasm_frame_t *frame); // SIZE_MAX when unknown
const wasm_name_t *wasmtime_frame_func_name(const wasm_frame_t *frame); // null without a name section

wasmtime_error_t *wasmtime_error_new(const char *message);
void wasmtime_error_message(const wasmtime_error_t *error, wasm_name_t *out);
void wasmtime_error_wasm_trace(const wasmtime_error_t *error, wasm_frame_vec_t *out);
void wasmtime_error_delete(wasmtime_error_t *error);

// ---- engine ---------------------------------------------------------------------------------

wasm_config_t *wasm_config_new(void);
wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *config); // takes the config over
void wasm_engine_delete(wasm_engine_t *engine);
void wasmtime_engine_increment_epoch(wasm_engine_t *engine);       // any thread, also a signal handler

void wasmtime_config_epoch_interruption_set(wasm_config_t *config, bool on);
void wasmtime_config_consume_fuel_set(wasm_config_t *config, bool on);
void wasmtime_config_async_stack_size_set(wasm_config_t *config, size_t bytes);
void wasmtime_config_max_wasm_stack_set(wasm_config_t *config, size_t bytes);
void wasmtime_config_parallel_compilation_set(wasm_config_t *config, bool on);
void wasmtime_config_memory_init_cow_set(wasm_config_t *config, bool on);
void wasmtime_config_debug_info_set(wasm_config_t *config, bool on);
void wasmtime_config_cranelift_opt_level_set(wasm_config_t *config, uint8_t level); // 0 none, 1 speed
void wasmtime_config_cranelift_nan_canonicalization_set(wasm_config_t *config, bool on);
void wasmtime_config_gc_support_set(wasm_config_t *config, bool on);
void wasmtime_config_shared_memory_set(wasm_config_t *config, bool on);

void wasmtime_config_wasm_bulk_memory_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_multi_value_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_reference_types_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_simd_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_tail_call_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_exceptions_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_threads_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_memory64_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_multi_memory_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_gc_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_function_references_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_relaxed_simd_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_wide_arithmetic_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_stack_switching_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_custom_page_sizes_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_branch_hinting_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_compact_imports_set(wasm_config_t *config, bool on);
void wasmtime_config_wasm_component_model_set(wasm_config_t *config, bool on);

// ---- modules --------------------------------------------------------------------------------

typedef struct wasmtime_module wasmtime_module_t;

wasmtime_error_t *wasmtime_module_new(
    wasm_engine_t *engine, const uint8_t *wasm, size_t length, wasmtime_module_t **out);
wasmtime_error_t *wasmtime_module_serialize(wasmtime_module_t *module, wasm_byte_vec_t *out);
wasmtime_error_t *wasmtime_module_deserialize(
    wasm_engine_t *engine, const uint8_t *bytes, size_t length, wasmtime_module_t **out);
wasmtime_error_t *wasmtime_module_deserialize_file(
    wasm_engine_t *engine, const char *path, wasmtime_module_t **out);
void wasmtime_module_delete(wasmtime_module_t *module);
void wasmtime_module_imports(const wasmtime_module_t *module, wasm_importtype_vec_t *out);
void wasmtime_module_exports(const wasmtime_module_t *module, wasm_exporttype_vec_t *out);
wasmtime_error_t *wasmtime_wat2wasm(const char *text, size_t length, wasm_byte_vec_t *out);

// ---- values ---------------------------------------------------------------------------------

typedef struct { uint64_t store_id; void *private_; } wasmtime_func_t;
typedef struct {
  uint64_t store_id;
  uint32_t private1, private2, private3;
} wasmtime_global_t;
typedef struct {
  struct { uint64_t store_id; uint32_t private1; } a;
  uint32_t private2;
} wasmtime_table_t;
typedef struct {
  struct { uint64_t store_id; uint32_t private1; } a;
  uint32_t private2;
} wasmtime_memory_t;
typedef struct { uint64_t store_id; size_t private_; } wasmtime_instance_t;
typedef struct {
  uint64_t store_id;
  uint32_t private1, private2;
  void *private3;
} wasmtime_anyref_t;

typedef union {
  int32_t i32;
  int64_t i64;
  float f32;
  double f64;
  wasmtime_anyref_t reference;
  wasmtime_func_t funcref;
  uint8_t v128[16];
} wasmtime_valunion_t;
typedef struct { uint8_t kind; wasmtime_valunion_t of; } wasmtime_val_t;

typedef union {
  int32_t i32;
  int64_t i64;
  float f32;
  double f64;
  uint8_t v128[16];
} wasmtime_val_raw_t;

typedef union {
  wasmtime_func_t func;
  wasmtime_global_t global;
  wasmtime_table_t table;
  wasmtime_memory_t memory;
  void *pointer;
} wasmtime_extern_union_t;
typedef struct { uint8_t kind; wasmtime_extern_union_t of; } wasmtime_extern_t; // 0 func, 3 memory

_Static_assert(sizeof(wasmtime_val_t) == 32, "value");
_Static_assert(offsetof(wasmtime_val_t, of) == 8, "value payload");
_Static_assert(sizeof(wasmtime_val_raw_t) == 16, "raw value");
_Static_assert(sizeof(wasmtime_extern_t) == 32, "extern");
_Static_assert(offsetof(wasmtime_extern_t, of) == 8, "extern payload");
_Static_assert(sizeof(wasmtime_memory_t) == 24, "memory");
_Static_assert(sizeof(wasmtime_func_t) == 16, "function");
_Static_assert(sizeof(wasmtime_instance_t) == 16, "instance");

// ---- stores, instances, memories ------------------------------------------------------------

typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;

wasmtime_store_t *wasmtime_store_new(wasm_engine_t *engine, void *data, void (*finalizer)(void *));
wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *store);
void wasmtime_store_delete(wasmtime_store_t *store);
// -1 = no limit; memory_size in bytes and per memory.
void wasmtime_store_limiter(
    wasmtime_store_t *store, int64_t memory_size, int64_t table_elements, int64_t instances,
    int64_t tables, int64_t memories);
void *wasmtime_context_get_data(const wasmtime_context_t *context);
bool wasmtime_context_has_exception(const wasmtime_context_t *context);
void wasmtime_context_set_epoch_deadline(wasmtime_context_t *context, uint64_t ticks);
// Runs on the guest's fiber. *kind: 0 go on, 1 yield the future; an error ends the guest.
void wasmtime_store_epoch_deadline_callback(
    wasmtime_store_t *store,
    wasmtime_error_t *(*callback)(
        wasmtime_context_t *context, void *data, uint64_t *delta, uint8_t *kind),
    void *data, void (*finalizer)(void *));

bool wasmtime_instance_export_get(
    wasmtime_context_t *context, const wasmtime_instance_t *instance, const char *name,
    size_t length, wasmtime_extern_t *out);
void wasmtime_extern_delete(wasmtime_extern_t *item);
uint8_t *wasmtime_memory_data(const wasmtime_context_t *context, const wasmtime_memory_t *memory);
size_t wasmtime_memory_data_size(
    const wasmtime_context_t *context, const wasmtime_memory_t *memory);

// ---- host functions -------------------------------------------------------------------------

typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_caller wasmtime_caller_t;
typedef struct wasmtime_call_future wasmtime_call_future_t;

typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(
    void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args_and_results, size_t count);

typedef struct {
  bool (*callback)(void *env); // true: done, the results (or the trap) are in place
  void *env;
  void (*finalizer)(void *env);
} wasmtime_async_continuation_t;
typedef void (*wasmtime_func_async_callback_t)(
    void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs,
    wasmtime_val_t *results, size_t nresults, wasm_trap_t **trap,
    wasmtime_async_continuation_t *continuation);
_Static_assert(sizeof(wasmtime_async_continuation_t) == 24, "continuation");

wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *engine);
wasmtime_linker_t *wasmtime_linker_clone(const wasmtime_linker_t *linker);
void wasmtime_linker_delete(wasmtime_linker_t *linker);
wasmtime_error_t *wasmtime_linker_define_func_unchecked(
    wasmtime_linker_t *linker, const char *module, size_t module_length, const char *name,
    size_t name_length, const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback,
    void *data, void (*finalizer)(void *));
wasmtime_error_t *wasmtime_linker_define_async_func(
    wasmtime_linker_t *linker, const char *module, size_t module_length, const char *name,
    size_t name_length, const wasm_functype_t *type, wasmtime_func_async_callback_t callback,
    void *data, void (*finalizer)(void *));
wasmtime_error_t *wasmtime_linker_instantiate_pre(
    const wasmtime_linker_t *linker, const wasmtime_module_t *module,
    wasmtime_instance_pre_t **out);
void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *pre);

wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *caller);
bool wasmtime_caller_export_get(
    wasmtime_caller_t *caller, const char *name, size_t length, wasmtime_extern_t *out);

// ---- futures --------------------------------------------------------------------------------
// Every pointer that is passed must stay valid until the future is deleted; one live future per
// store; any thread may poll or delete it, one at a time.

wasmtime_call_future_t *wasmtime_instance_pre_instantiate_async(
    const wasmtime_instance_pre_t *pre, wasmtime_context_t *context, wasmtime_instance_t *out,
    wasm_trap_t **trap, wasmtime_error_t **error);
wasmtime_call_future_t *wasmtime_func_call_async(
    wasmtime_context_t *context, const wasmtime_func_t *function, const wasmtime_val_t *args,
    size_t nargs, wasmtime_val_t *results, size_t nresults, wasm_trap_t **trap,
    wasmtime_error_t **error);
bool wasmtime_call_future_poll(wasmtime_call_future_t *future);
void wasmtime_call_future_delete(wasmtime_call_future_t *future);

#ifdef __cplusplus
}
#endif
#endif
