import Foundation

/// A command at a pseudo-terminal: its stdin, stdout and stderr are one, as in front of a person.
final class TerminalCommand: @unchecked Sendable {
    // SAFETY: Process guards itself; the screen is read by one task at a time.
    private let process = Process()
    /// The person's side.
    private let keyboard: Int32
    private var screen: [UInt8] = []

    /// Of Linux's tty_ioctl(4): TIOCSPTLCK and TIOCGPTN. What does the same in the C library opens
    /// without O_CLOEXEC, and the other tests' programs would hold the terminal open.
    private static let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        keyboard = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (isLocked, number): (Int32, UInt32) = (0, 0)
        guard keyboard >= 0, unsafe ioctl(keyboard, Self.setLock, &isLocked) == 0,
            unsafe ioctl(keyboard, Self.getNumber, &number) == 0
        else { throw MissingTool(message: "no pseudo-terminal") }
        let end = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard end >= 0 else { throw MissingTool(message: "no pseudo-terminal") }
        // What is typed is not shown: the screen is what the command writes.
        var settings = termios()
        unsafe tcgetattr(end, &settings)
        settings.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(end, TCSANOW, &settings)
        let terminal = FileHandle(fileDescriptor: end, closeOnDealloc: true)
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = Command.environment(environment)
        process.standardInput = terminal
        process.standardOutput = terminal
        process.standardError = terminal
        try process.run()
        // Ours is the last end but the command's: when it ends, so does the screen.
        try terminal.close()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        close(keyboard)
    }

    /// What it has shown until the first of these words, or until it ended.
    func screen(until words: String) async -> String {
        await onThread { [self] in
            while !text.contains(words) {
                var part = [UInt8](repeating: 0, count: 4096)
                let count = unsafe read(keyboard, &part, part.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                screen += part.prefix(count)
            }
            return text
        }
    }

    /// Presses keys.
    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = unsafe write(keyboard, bytes, bytes.count)
    }

    /// Sends a signal; none for the number 0.
    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the end: all that was shown, and the exit code.
    func end() async -> (screen: String, code: Int32) {
        let text = await screen(until: "\u{0}")
        return await onThread { [self] in
            process.waitUntilExit()
            return (text, process.terminationStatus)
        }
    }

    private var text: String { String(decoding: screen, as: UTF8.self) }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
