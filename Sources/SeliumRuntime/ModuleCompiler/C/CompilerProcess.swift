import CPosix
import Glibc
import SeliumWasm

/// One compiling child, from the parent's side. Everything here blocks.
enum CompilerProcess {
    /// The most that is kept of what a child says, bytes. The rest is read and thrown away, so that
    /// it never waits for us.
    static let maximumWords = 4_096

    static func run(
        _ configuration: ModuleCompiler.Configuration, wasm: Int32, output: Int32,
        _ stop: CompilerStop
    ) throws(CompileFailure) -> CompilerEnd {
        guard lseek(wasm, 0, SEEK_SET) == 0 else { throw .unavailable("the module cannot be read") }
        var ends: [Int32] = [-1, -1]
        guard unsafe cposix_pipe(&ends) == 0 else { throw .unavailable("no descriptors are left") }
        defer { close(ends[0]) }
        var pid: Int32 = 0
        let spawned = unsafe cposix_spawn_filter(
            configuration.compiler, ModuleCompiler.argument, wasm, output, ends[1], &pid)
        close(ends[1])
        guard spawned == 0 else {
            throw .unavailable("the compiler cannot be started (errno \(-spawned))")
        }
        // The child's own limits are the same; these also hold while it starts, and when a
        // configuration asks for less.
        _ = cposix_limit_process(
            pid, Int32(CPOSIX_ADDRESS_SPACE.rawValue), configuration.addressSpace)
        _ = cposix_limit_process(pid, Int32(CPOSIX_CPU_SECONDS.rawValue), configuration.cpuSeconds)
        let child = cposix_process_descriptor(pid)
        var end = CompilerEnd()
        if child >= 0 {
            if !stop.began(child) { _ = cposix_kill_process(child) }
            listen(ends[0], child, seconds: configuration.patienceSeconds, &end)
            stop.ended()
            close(child)
        }
        var record = cposix_end()
        guard unsafe cposix_wait(pid, &record) == 0 else {
            throw .unavailable("the compiler was lost")
        }
        end.exitCode = record.exit_code >= 0 ? record.exit_code : nil
        end.signal = record.signal
        end.cpuMicroseconds = record.cpu_micros
        end.wasCancelled = stop.isRequested
        return end
    }

    /// Reads the child's words until it has ended, or its time is over: then it is killed.
    private static func listen(
        _ words: Int32, _ child: Int32, seconds: UInt64, _ end: inout CompilerEnd
    ) {
        let deadline = SystemClock().monotonic() &+ seconds &* 1_000_000_000
        var watched = [
            pollfd(fd: words, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let now = SystemClock().monotonic()
            if now >= deadline, !end.wasOverdue {
                end.wasOverdue = true
                _ = cposix_kill_process(child)
            }
            let left = end.wasOverdue ? 1_000 : Int32(clamping: (deadline - now) / 1_000_000 + 1)
            let ready = unsafe poll(&watched, 2, left)
            if ready < 0, errno != EINTR { return }
            guard ready > 0 else { continue }
            // Words first: when the child has ended, what it said is still in the pipe.
            if watched[0].revents != 0, !take(words, &end) { watched[0].fd = -1 }
            if watched[1].revents != 0 {
                while watched[0].fd >= 0, isReadable(words), take(words, &end) {}
                return
            }
        }
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&watched, 1, 0) > 0
    }

    /// Reads once; false at the end.
    private static func take(_ descriptor: Int32, _ end: inout CompilerEnd) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        guard count > 0 else { return count < 0 && errno == EINTR }
        end.words += buffer.prefix(min(count, maximumWords - end.words.count))
        return true
    }
}

extension ModuleScanner {
    /// Scans an open file, leaving its position alone.
    func scan(descriptor: Int32) throws(Refusal) -> Outline {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_size >= 0 else {
            throw Refusal(description: "the module cannot be read", isUnread: true)
        }
        return try scan(size: UInt64(status.st_size)) { (offset, count) throws(Refusal) in
            try ModuleScanner.read(descriptor, offset, count)
        }
    }

    private static func read(
        _ descriptor: Int32, _ offset: UInt64, _ count: Int
    ) throws(Refusal) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let part = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + got }, count - got,
                    off_t(clamping: offset) + off_t(got))
            }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else {
                throw Refusal(description: "the module cannot be read", isUnread: true)
            }
            if part == 0 { break }
            got += part
        }
        return Array(bytes.prefix(got))
    }
}
