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
    /// Bit n: descriptor n was closed.
    private let closed = Atomic<UInt8>(0)
    /// The flags of the three descriptors, 8 bits each.
    private let descriptorFlags = Atomic<UInt32>(0)

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

    /// The point of the monotonic clock in so many nanoseconds, at most the end of all time.
    func deadline(after nanoseconds: UInt64) -> UInt64 {
        let (sum, overflow) = clock.monotonic().addingReportingOverflow(nanoseconds)
        return overflow ? .max : sum
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
        return closed.load(ordering: .relaxed) & (1 << UInt8(number)) == 0 ? descriptor : nil
    }

    func close(_ descriptor: Descriptor) {
        closed.bitwiseOr(1 << UInt8(descriptor.rawValue), ordering: .relaxed)
    }

    func isNonblocking(_ descriptor: Descriptor) -> Bool {
        flags(of: descriptor) & WASI.DescriptorFlag.nonblocking != 0
    }

    /// WASI's flags of a descriptor.
    func flags(of descriptor: Descriptor) -> UInt16 {
        UInt16(descriptorFlags.load(ordering: .relaxed) >> (8 * descriptor.rawValue) & 0xff)
    }

    /// Only in the guest's own turn. `flags` are known ones: below 256.
    func setFlags(_ flags: UInt16, of descriptor: Descriptor) {
        let shift = 8 * descriptor.rawValue
        let others = descriptorFlags.load(ordering: .relaxed) & ~(0xff << shift)
        descriptorFlags.store(others | UInt32(flags & 0xff) << shift, ordering: .relaxed)
    }
}
