internal import SeliumProtocol

extension Grant {
    init(_ wire: WireGrant) {
        self.init(named: wire.capability, scope: wire.scope.isEmpty ? nil : wire.scope)
    }

    var wire: WireGrant {
        var wire = WireGrant()
        wire.capability = capability
        wire.scope = scope ?? ""
        return wire
    }
}

extension StartReport {
    init(_ wire: WireStarted) {
        self.init(
            id: wire.id == 0 ? nil : wire.id, digest: wire.digestBytes, entrypoint: wire.entrypoint,
            grants: wire.grants.map(Grant.init),
            notes: wire.notes.map {
                ImportNote(module: $0.module, name: $0.name, capability: $0.capability)
            })
    }
}

extension StartOptions {
    /// The request without its module and what follows the start.
    var wire: WireStart {
        var wire = WireStart()
        wire.entrypoint = entrypoint ?? ""
        wire.arguments = arguments.map(\.wire)
        wire.results = results.map(\.wire)
        wire.argv = argv
        wire.environment = environment.map { variable in
            var wire = WireEnvironmentVariable()
            wire.name = variable.name
            wire.value = variable.value
            wire.sensitive = variable.isSensitive
            return wire
        }
        wire.grants = capabilities.map(\.wire)
        if let memory = limits.memory { wire.limits.memory = memory.bytes }
        wire.name = name ?? ""
        wire.strict = strict
        wire.input = takesInput
        if let supervision = supervision.wire { wire.supervision = supervision }
        wire.removeAtEnd = isRemovedAtEnd
        // In one order: a repeat of the request is the same bytes.
        wire.labels = labels.sorted { $0.key < $1.key }.map { key, value in
            var label = WireLabel()
            label.key = key
            label.value = value
            return label
        }
        return wire
    }
}

extension ValueKind {
    /// The numbers are the same on the wire.
    var wire: WireValueKind { WireValueKind(rawValue: Int(rawValue)) ?? .unspecified }
}

extension StartArgument {
    var wire: WireArgument {
        var wire = WireArgument()
        wire.kind = value.kind.wire
        wire.text = text
        wire.sensitive = isSensitive
        switch value {
        case .i8(let value): wire.signed = Int64(value)
        case .i16(let value): wire.signed = Int64(value)
        case .i32(let value): wire.signed = Int64(value)
        case .i64(let value): wire.signed = value
        case .u8(let value): wire.unsigned = UInt64(value)
        case .u16(let value): wire.unsigned = UInt64(value)
        case .u32(let value): wire.unsigned = UInt64(value)
        case .u64(let value): wire.unsigned = value
        case .f32(let value): wire.f32 = value
        case .f64(let value): wire.f64 = value
        case .buffer(let bytes): wire.bufferBytes = bytes
        case .utf8(let text): wire.utf8 = text
        }
        return wire
    }
}

extension Value {
    /// nil for a kind this library does not know, or a value that does not fit it.
    init?(_ wire: WireArgument) {
        guard let number = UInt8(exactly: wire.kind.rawValue),
            let kind = ValueKind(rawValue: number)
        else {
            return nil
        }
        let value: Value? =
            switch (kind, wire.value) {
            case (.i8, .signed(let value)?): Int8(exactly: value).map(Value.i8)
            case (.i16, .signed(let value)?): Int16(exactly: value).map(Value.i16)
            case (.i32, .signed(let value)?): Int32(exactly: value).map(Value.i32)
            case (.i64, .signed(let value)?): .i64(value)
            case (.u8, .unsigned(let value)?): UInt8(exactly: value).map(Value.u8)
            case (.u16, .unsigned(let value)?): UInt16(exactly: value).map(Value.u16)
            case (.u32, .unsigned(let value)?): UInt32(exactly: value).map(Value.u32)
            case (.u64, .unsigned(let value)?): .u64(value)
            case (.f32, .f32(let value)?): .f32(value)
            case (.f64, .f64(let value)?): .f64(value)
            case (.utf8, .utf8(let text)?): .utf8(text)
            case (.buffer, _): wire.bufferBytes.map(Value.buffer)
            default: nil
            }
        guard let value else { return nil }
        self = value
    }
}
