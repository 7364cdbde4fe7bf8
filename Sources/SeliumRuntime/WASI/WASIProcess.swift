import SeliumKernel
import Synchronization

/// What WASI needs to know of one process: its words, its three descriptors, and whom to ask.
public final class WASIProcess: Sendable {
    /// argv, each without its final NUL.
    let arguments: [[UInt8]]
    /// `NAME=value`, each without its final NUL.
    let environment: [[UInt8]]
    let output: any GuestOutput
    let input: any GuestInput
    let authority: any GuestAuthority
    let clock: any GuestClock
    let timers: any GuestTimers
    /// Bit n: descriptor n was closed. Bits 8…10: O_NONBLOCK of 0…2.
    private let flags = Atomic<UInt16>(0)

    /// - Parameters:
    ///   - arguments: argv, the module's name first. NUL bytes end a string early, as in C.
    ///   - environment: the whole environment of the program.
    public init(
        arguments: [String], environment: [(name: String, value: String)], output: any GuestOutput,
        input: any GuestInput, authority: any GuestAuthority, clock: any GuestClock,
        timers: any GuestTimers
    ) {
        self.arguments = arguments.map { Array($0.utf8.prefix { $0 != 0 }) }
        self.environment = environment.map {
            Array("\($0.name)=\($0.value)".utf8.prefix { $0 != 0 })
        }
        self.output = output
        self.input = input
        self.authority = authority
        self.clock = clock
        self.timers = timers
    }

    /// The three descriptors a program has; files come with a later version.
    enum Descriptor: UInt32 {
        case stdin = 0
        case stdout = 1
        case stderr = 2

        /// Where its bytes go.
        var stream: LogStream? {
            switch self {
            case .stdin: nil
            case .stdout: .stdout
            case .stderr: .stderr
            }
        }
    }

    /// The descriptor `number`, if it is open.
    func descriptor(_ number: UInt32) -> Descriptor? {
        guard let descriptor = Descriptor(rawValue: number) else { return nil }
        return flags.load(ordering: .relaxed) & (1 << UInt16(number)) == 0 ? descriptor : nil
    }

    func close(_ descriptor: Descriptor) {
        flags.bitwiseOr(1 << UInt16(descriptor.rawValue), ordering: .relaxed)
    }

    func isNonblocking(_ descriptor: Descriptor) -> Bool {
        flags.load(ordering: .relaxed) & (0x100 << UInt16(descriptor.rawValue)) != 0
    }

    func setNonblocking(_ descriptor: Descriptor, _ on: Bool) {
        let bit: UInt16 = 0x100 << UInt16(descriptor.rawValue)
        if on {
            flags.bitwiseOr(bit, ordering: .relaxed)
        } else {
            flags.bitwiseAnd(~bit, ordering: .relaxed)
        }
    }
}
