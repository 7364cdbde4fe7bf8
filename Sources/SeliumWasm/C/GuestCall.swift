import CWasmtime

/// One call of a host function by a guest: arguments, memory, and whose it is. It exists only while
/// the host function runs.
@safe public struct GuestCall: ~Copyable {
    /// The two ways in which the engine hands arguments over.
    @safe private enum Arguments {
        case raw(UnsafeMutablePointer<wasmtime_val_raw_t>)
        case checked(UnsafePointer<wasmtime_val_t>)
        case none
    }

    /// Who calls.
    public let guest: Guest
    private let caller: OpaquePointer
    private let context: OpaquePointer
    private let arguments: Arguments
    private let count: Int

    init(
        _ guest: Guest, caller: OpaquePointer, context: OpaquePointer,
        raw: UnsafeMutablePointer<wasmtime_val_raw_t>?, count: Int
    ) {
        self.guest = guest
        unsafe self.caller = caller
        unsafe self.context = context
        arguments = unsafe raw.map { unsafe .raw($0) } ?? .none
        self.count = count
    }

    init(
        _ guest: Guest, caller: OpaquePointer, context: OpaquePointer,
        checked: UnsafePointer<wasmtime_val_t>?, count: Int
    ) {
        self.guest = guest
        unsafe self.caller = caller
        unsafe self.context = context
        arguments = unsafe checked.map { unsafe .checked($0) } ?? .none
        self.count = count
    }

    /// Argument `index`, declared as i32. Asking for one that was not declared is our own mistake.
    public func i32(_ index: Int) -> Int32 {
        precondition(
            index >= 0 && index < count, "a host function reads an argument it does not declare")
        switch arguments {
        case .raw(let values): return unsafe values[index].i32
        case .checked(let values): return unsafe values[index].of.i32
        case .none: return 0
        }
    }

    /// Argument `index` as an unsigned number: a pointer, a length, a descriptor.
    public func u32(_ index: Int) -> UInt32 { UInt32(bitPattern: i32(index)) }

    /// Argument `index`, declared as i64.
    public func i64(_ index: Int) -> Int64 {
        precondition(
            index >= 0 && index < count, "a host function reads an argument it does not declare")
        switch arguments {
        case .raw(let values): return unsafe values[index].i64
        case .checked(let values): return unsafe values[index].of.i64
        case .none: return 0
        }
    }

    /// Argument `index`, declared as i64, unsigned.
    public func u64(_ index: Int) -> UInt64 { UInt64(bitPattern: i64(index)) }

    /// Argument `index`, declared as f64.
    public func f64(_ index: Int) -> Double {
        precondition(
            index >= 0 && index < count, "a host function reads an argument it does not declare")
        switch arguments {
        case .raw(let values): return unsafe values[index].f64
        case .checked(let values): return unsafe values[index].of.f64
        case .none: return 0
        }
    }

    /// The guest's memory as it is now; empty for a module that exports none as `memory`.
    public var memory: GuestMemory {
        if guest.hasMemory { return unsafe guest.memory(in: context) }
        // Called by the module's start function, before anybody could look the export up.
        var item = unsafe wasmtime_extern_t()
        guard unsafe wasmtime_caller_export_get(caller, "memory", 6, &item) else {
            return unsafe GuestMemory(base: nil, count: 0)
        }
        defer { unsafe wasmtime_extern_delete(&item) }
        guard unsafe item.kind == 3 else { return unsafe GuestMemory(base: nil, count: 0) }
        return unsafe GuestMemory(
            base: wasmtime_memory_data(context, &item.of.memory),
            count: wasmtime_memory_data_size(context, &item.of.memory))
    }

    /// CPU time of the guest up to this moment, nanoseconds.
    public var cpuNanoseconds: UInt64 {
        guest.cpuNanoseconds &+ (monotonicNanoseconds() &- guest.sliceStart)
    }

    /// What the guest was started with, if it is a `type`.
    public func user<T: AnyObject>(as type: T.Type) -> T? {
        let user = guest.user
        // The dynamic cast costs more than the whole call; the class is nearly always exactly it.
        if Swift.type(of: user) == type { return unsafe unsafeDowncast(user, to: type) }
        return user as? T
    }
}
