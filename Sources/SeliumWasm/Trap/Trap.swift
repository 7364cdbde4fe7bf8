/// Why the engine, or a host function, stopped a guest.
public enum TrapCode: Sendable, Hashable {
    case stackOverflow
    case memoryOutOfBounds
    case misalignedAtomic
    case tableOutOfBounds
    case indirectCallToNull
    case badSignature
    case integerOverflow
    case divideByZero
    case badConversionToInteger
    case unreachable
    case interrupt
    /// The guest threw and nothing caught.
    case uncaughtException
    /// A host function refused to go on; its own words.
    case host(String)
    /// A code of the engine without a name here, nil when it gave none.
    case other(UInt8?)

    /// A short name that is stored and shown: `unreachable`, `stack-overflow`, ….
    public var name: String {
        switch self {
        case .stackOverflow: "stack-overflow"
        case .memoryOutOfBounds: "memory-out-of-bounds"
        case .misalignedAtomic: "misaligned-atomic"
        case .tableOutOfBounds: "table-out-of-bounds"
        case .indirectCallToNull: "indirect-call-to-null"
        case .badSignature: "bad-signature"
        case .integerOverflow: "integer-overflow"
        case .divideByZero: "divide-by-zero"
        case .badConversionToInteger: "bad-conversion-to-integer"
        case .unreachable: "unreachable"
        case .interrupt: "interrupt"
        case .uncaughtException: "uncaught-exception"
        case .host: "host"
        case .other: "other"
        }
    }

    /// What a host function said; empty for the engine's own traps.
    public var message: String {
        if case .host(let message) = self { return message }
        return ""
    }

    /// From the engine's number (trap.h of its C API).
    init(engine: UInt8?) {
        let known: [TrapCode] = [
            .stackOverflow, .memoryOutOfBounds, .misalignedAtomic, .tableOutOfBounds,
            .indirectCallToNull, .badSignature, .integerOverflow, .divideByZero,
            .badConversionToInteger, .unreachable, .interrupt,
        ]
        guard let engine, Int(engine) < known.count else {
            self = .other(engine)
            return
        }
        self = known[Int(engine)]
    }
}

/// One wasm function on the stack of a guest that was stopped.
public struct TrapFrame: Sendable, Hashable {
    /// The longest name kept, in bytes.
    public static let maximumNameBytes = 128
    /// The most frames kept, innermost first. The engine records 20 of them, and its C API has no
    /// setting for that.
    public static let maximumCount = 64

    /// Index in the module's function space.
    public var functionIndex: UInt32
    /// Byte offset in the module, if known.
    public var moduleOffset: UInt64?
    /// From the name section; whatever the module holds there, so escape before showing.
    public var name: String?

    public init(functionIndex: UInt32, moduleOffset: UInt64?, name: String?) {
        self.functionIndex = functionIndex
        self.moduleOffset = moduleOffset
        self.name = name
    }
}

/// A trap as data; the engine's own text is never kept, because names pass through it raw.
public struct Trap: Sendable, Hashable {
    public var code: TrapCode
    /// Innermost first, at most `TrapFrame.maximumCount`.
    public var frames: [TrapFrame]

    public init(code: TrapCode, frames: [TrapFrame]) {
        self.code = code
        self.frames = frames
    }
}
