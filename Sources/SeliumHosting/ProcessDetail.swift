public import SeliumABI
public import SeliumKernel

/// Everything a host knows of a process besides what its log holds.
public struct ProcessDetail: Sendable, Hashable {
    public var status: ProcessStatus
    /// nil for a process that a version started which did not keep it.
    public var outline: StartOutline?
    /// How its incarnations ended, as far as that is kept, oldest first.
    public var ends: [ExitRecord]
    /// The records its log holds.
    public var log: LogRange

    public init(
        status: ProcessStatus, outline: StartOutline?, ends: [ExitRecord], log: LogRange
    ) {
        self.status = status
        self.outline = outline
        self.ends = ends
        self.log = log
    }
}

/// What a process was started with, without a value of its arguments and variables: those are told
/// to nobody.
public struct StartOutline: Sendable, Hashable {
    /// One typed argument.
    public struct Parameter: Sendable, Hashable {
        public var kind: ValueKind
        /// Bytes: of a buffer or text, else of the number.
        public var length: UInt64
        public var isSensitive: Bool

        public init(kind: ValueKind, length: UInt64, isSensitive: Bool) {
            self.kind = kind
            self.length = length
            self.isSensitive = isSensitive
        }
    }

    /// One variable of the environment.
    public struct Variable: Sendable, Hashable {
        public var name: String
        /// Bytes of its value.
        public var length: UInt64
        public var isSensitive: Bool

        public init(name: String, length: UInt64, isSensitive: Bool) {
            self.name = name
            self.length = length
            self.isSensitive = isSensitive
        }
    }

    public var arguments: [Parameter] = []
    public var results: [ValueKind] = []
    /// Bytes of each word of argv.
    public var argvLengths: [UInt64] = []
    public var environment: [Variable] = []
    public var isStrict = false
    public var takesInput = false
    public var isRemovedAtEnd = false
    /// The module was named, not given by its digest.
    public var namesModule = false

    public init() {}

    /// Of a start.
    public init(_ spec: StartSpec) {
        arguments = spec.arguments.map { argument in
            Parameter(
                kind: argument.value.kind, length: Self.length(argument.value),
                isSensitive: argument.isSensitive)
        }
        results = spec.results
        argvLengths = spec.argv.map { UInt64($0.utf8.count) }
        environment = spec.environment.map { variable in
            Variable(
                name: variable.name, length: UInt64(variable.value.utf8.count),
                isSensitive: variable.isSensitive)
        }
        isStrict = spec.strict
        takesInput = spec.takesInput
        isRemovedAtEnd = spec.isRemovedAtEnd
        if case .name = spec.module { namesModule = true }
    }

    private static func length(_ value: Value) -> UInt64 {
        switch value {
        case .i8, .u8: 1
        case .i16, .u16: 2
        case .i32, .u32, .f32: 4
        case .i64, .u64, .f64: 8
        case .buffer(let bytes): UInt64(bytes.count)
        case .utf8(let text): UInt64(text.utf8.count)
        }
    }
}
