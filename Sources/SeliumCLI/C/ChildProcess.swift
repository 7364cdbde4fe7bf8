internal import Glibc
internal import Synchronization

/// A program that was started, with a pipe to its stdin and one from its stderr.
///
/// It runs in a process group of its own, so that a terminal's Ctrl-C reaches us only. Its stdin is
/// what it lives by: when the last end of that pipe closes, by whatever death of ours, it knows.
final class ChildProcess: Sendable {
    /// Why it could not be started.
    struct Problem: Error {
        let reason: String
    }

    private struct State {
        var stdin: Int32
        var hasEnded = false
    }

    let pid: Int32
    private let state: Mutex<State>
    private let stderr: Int32
    private let reading = BlockingQueue("selium.child.read")
    private let waiting = BlockingQueue("selium.child.wait")

    /// Starts `path` with exactly these arguments and variables; stdout goes nowhere.
    init(_ path: String, _ arguments: [String], environment: [String]) throws(Problem) {
        let (input, output) = (try Self.pipe(), try Self.pipe())
        defer {
            Glibc.close(input.read)
            Glibc.close(output.write)
        }
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, input.read, STDIN_FILENO)
        unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.write, STDERR_FILENO)
        Self.prepare(&attributes)
        var words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe words.indices { unsafe free(words[index]) }
            for index in unsafe variables.indices { unsafe free(variables[index]) }
        }
        var child: pid_t = 0
        let status = unsafe posix_spawn(&child, path, &actions, &attributes, &words, &variables)
        guard status == 0 else {
            Glibc.close(input.write)
            Glibc.close(output.read)
            throw Problem(reason: unsafe String(cString: strerror(status)))
        }
        pid = child
        state = Mutex(State(stdin: input.write))
        stderr = output.read
    }

    deinit {
        closeInput()
        Glibc.close(stderr)
    }

    /// The next bytes of its stderr, empty at the end.
    func readErrors() async -> [UInt8] {
        let descriptor = stderr
        return await reading.run(cancelled: []) {
            while true {
                var count = 0
                let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) {
                    buffer, initialized in
                    count = unsafe Glibc.read(descriptor, buffer.baseAddress, 4096)
                    initialized = max(count, 0)
                }
                if count >= 0 || errno != EINTR { return bytes }
            }
        }
    }

    /// Closes its stdin: the agreed sign to end at once.
    func closeInput() {
        let descriptor = state.withLock { state in
            defer { state.stdin = -1 }
            return state.stdin
        }
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Ends it without asking; never another process that got the same number.
    func kill() {
        state.withLock { state in
            if !state.hasEnded { _ = Glibc.kill(pid, SIGKILL) }
        }
    }

    /// Waits until it is gone.
    func wait() async {
        await waiting.run(cancelled: ()) { [self] in
            var information = unsafe siginfo_t()
            // Only looks: the number stays taken until the lock below is held.
            while unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0,
                errno == EINTR
            {}
            state.withLock { state in
                guard !state.hasEnded else { return }
                state.hasEnded = true
                _ = waitpid(pid, nil, WNOHANG)
            }
        }
    }

    private static func pipe() throws(Problem) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else {
            throw Problem(reason: unsafe String(cString: strerror(errno)))
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// A group of its own, and no signal ignored or blocked that we ignore or block.
    private static func prepare(_ attributes: inout posix_spawnattr_t) {
        var all = sigset_t()
        var none = sigset_t()
        unsafe sigfillset(&all)
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    }
}
