internal import Glibc

/// What the terminal is asked and told.
enum Terminal {
    /// Whether the descriptor is a terminal.
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The detach key, Ctrl-].
    static let detachKey: UInt8 = 0x1d

    /// Lets a line of input end at the detach key too, so that it arrives when it is pressed; the
    /// terminal stays in its line mode. Returns how to undo it, nil when stdin is no terminal.
    static func deliverDetachKey() -> (@Sendable () -> Void)? {
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        let before = settings
        settings.c_cc.11 = detachKey  // VEOL
        guard unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
        return {
            var restored = before
            _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &restored)
        }
    }

    /// Output to a closed pipe becomes an error code instead of a signal.
    static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
