import SeliumABI
import SeliumHosting

// What stands in the column `outline`: what a start was made of, without its values.

extension StartOutline {
    /// The first byte is the layout's version.
    var storedBytes: [UInt8] {
        var writer = ByteWriter()
        writer.number(UInt8(1))
        writer.list(arguments) { writer, parameter in
            writer.number(parameter.kind.rawValue)
            writer.number(parameter.length)
            writer.flag(parameter.isSensitive)
        }
        writer.list(results) { $0.number($1.rawValue) }
        writer.list(argvLengths) { $0.number($1) }
        writer.list(environment) { writer, variable in
            writer.string(variable.name)
            writer.number(variable.length)
            writer.flag(variable.isSensitive)
        }
        writer.flag(isStrict)
        writer.flag(takesInput)
        writer.flag(isRemovedAtEnd)
        writer.flag(namesModule)
        return writer.bytes
    }

    init(storedBytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(storedBytes)
        guard try reader.number(UInt8.self) == 1 else { throw ByteReader.Damage() }
        self.init()
        arguments = try reader.list { (reader) throws(ByteReader.Damage) in
            Parameter(
                kind: try ValueKind(from: &reader), length: try reader.number(),
                isSensitive: try reader.flag())
        }
        results = try reader.list { (reader) throws(ByteReader.Damage) in
            try ValueKind(from: &reader)
        }
        argvLengths = try reader.list { (reader) throws(ByteReader.Damage) in
            try reader.number(UInt64.self)
        }
        environment = try reader.list { (reader) throws(ByteReader.Damage) in
            Variable(
                name: try reader.string(), length: try reader.number(),
                isSensitive: try reader.flag())
        }
        isStrict = try reader.flag()
        takesInput = try reader.flag()
        isRemovedAtEnd = try reader.flag()
        namesModule = try reader.flag()
    }
}

extension ValueKind {
    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        guard let kind = ValueKind(rawValue: try reader.number()) else {
            throw ByteReader.Damage()
        }
        self = kind
    }
}
