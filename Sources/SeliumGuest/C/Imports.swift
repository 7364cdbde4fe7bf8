#if arch(wasm32)
    // What the host offers under the names of WASI preview 1. Results go to pointers, the return
    // value is an error number. Declared here and called in the other files of this folder only.

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "args_sizes_get")
    @_extern(c, "args_sizes_get")
    func hostArgumentSizes(_ count: UnsafeMutableRawPointer, _ bytes: UnsafeMutableRawPointer)
        -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "args_get")
    @_extern(c, "args_get")
    func hostArguments(_ pointers: UnsafeMutableRawPointer, _ bytes: UnsafeMutableRawPointer)
        -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "environ_sizes_get")
    @_extern(c, "environ_sizes_get")
    func hostEnvironmentSizes(_ count: UnsafeMutableRawPointer, _ bytes: UnsafeMutableRawPointer)
        -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "environ_get")
    @_extern(c, "environ_get")
    func hostEnvironment(_ pointers: UnsafeMutableRawPointer, _ bytes: UnsafeMutableRawPointer)
        -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "fd_write")
    @_extern(c, "fd_write")
    func hostWrite(
        _ descriptor: Int32, _ vectors: UnsafeRawPointer, _ count: Int32,
        _ done: UnsafeMutableRawPointer
    ) -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "fd_read")
    @_extern(c, "fd_read")
    func hostRead(
        _ descriptor: Int32, _ vectors: UnsafeRawPointer, _ count: Int32,
        _ done: UnsafeMutableRawPointer
    ) -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "clock_time_get")
    @_extern(c, "clock_time_get")
    func hostTime(_ clock: Int32, _ precision: Int64, _ time: UnsafeMutableRawPointer) -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "poll_oneoff")
    @_extern(c, "poll_oneoff")
    func hostPoll(
        _ subscriptions: UnsafeRawPointer, _ events: UnsafeMutableRawPointer, _ count: Int32,
        _ done: UnsafeMutableRawPointer
    ) -> Int32

    @_extern(wasm, module: "wasi_snapshot_preview1", name: "proc_exit")
    @_extern(c, "proc_exit")
    func hostExit(_ code: Int32)

    // What is ours.

    @_extern(wasm, module: "selium_process", name: "id")
    @_extern(c, "selium_process_id")
    func hostProcessID(_ id: UnsafeMutableRawPointer) -> Int32

    @_extern(wasm, module: "selium_process", name: "name")
    @_extern(c, "selium_process_name")
    func hostProcessName(
        _ name: UnsafeMutableRawPointer, _ room: Int32, _ length: UnsafeMutableRawPointer
    ) -> Int32

    @_extern(wasm, module: "selium_process", name: "ready")
    @_extern(c, "selium_process_ready")
    func hostReady() -> Int32

    @_extern(wasm, module: "selium_process", name: "heartbeat")
    @_extern(c, "selium_process_heartbeat")
    func hostHeartbeat(_ interval: Int64) -> Int32

    @_extern(wasm, module: "selium_process", name: "stop_handle")
    @_extern(c, "selium_process_stop_handle")
    func hostStopHandle(_ handle: UnsafeMutableRawPointer) -> Int32

    @_extern(wasm, module: "selium_handle", name: "poll")
    @_extern(c, "selium_handle_poll")
    func hostPollHandles(
        _ entries: UnsafeMutableRawPointer, _ count: Int32, _ timeout: Int64,
        _ ready: UnsafeMutableRawPointer
    ) -> Int32

    @_extern(wasm, module: "selium_handle", name: "close")
    @_extern(c, "selium_handle_close")
    func hostCloseHandle(_ handle: UInt32) -> Int32

    @_extern(wasm, module: "selium_log", name: "write")
    @_extern(c, "selium_log_write")
    func hostLog(
        _ level: UInt32, _ target: UInt32, _ targetLength: UInt32, _ message: UInt32,
        _ messageLength: UInt32, _ fields: UnsafeRawPointer, _ count: Int32
    ) -> Int32
#endif
