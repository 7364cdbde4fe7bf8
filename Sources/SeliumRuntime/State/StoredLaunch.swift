import SeliumABI
import SeliumHosting
import SeliumKernel

// What stands in the table `launch`: what a start said that its row does not show. Values of
// arguments and variables are in it, so it is there only for processes that may begin again after
// the runtime did, and goes with their end.

extension StartSpec {
    /// The first byte is the layout's version.
    var storedLaunch: [UInt8] {
        var writer = ByteWriter()
        writer.number(UInt8(1))
        writer.number(role.rawValue)
        switch module {
        case .digest: writer.flag(false)
        case .name(let name):
            writer.flag(true)
            writer.string(name)
        }
        writer.optional(entrypoint) { $0.string($1) }
        writer.list(arguments) { writer, argument in
            argument.value.write(to: &writer)
            writer.string(argument.text)
            writer.flag(argument.isSensitive)
        }
        writer.list(results) { $0.number($1.rawValue) }
        writer.list(argv) { $0.string($1) }
        writer.list(environment) { writer, variable in
            writer.string(variable.name)
            writer.string(variable.value)
            writer.flag(variable.isSensitive)
        }
        writer.flag(strict)
        writer.flag(takesInput)
        return writer.bytes
    }

    /// What `row` shows, and what was stored beside it.
    init(_ row: ProcessRow, storedLaunch bytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(bytes)
        guard try reader.number(UInt8.self) == 1, let role = Role(rawValue: try reader.number())
        else { throw ByteReader.Damage() }
        let module: ModuleReference =
            try reader.flag() ? .name(try reader.string()) : .digest(row.moduleDigest)
        self.init(
            namespace: row.namespace, creator: row.creator, role: role, module: module,
            moduleName: row.moduleName, grants: row.grants, memoryLimit: row.memoryLimit,
            name: row.name, policy: row.supervision.policy,
            isRemovedAtEnd: row.supervision.isRemovedAtEnd, labels: row.labels)
        entrypoint = try reader.optional { (reader) throws(ByteReader.Damage) in
            try reader.string()
        }
        arguments = try reader.list { (reader) throws(ByteReader.Damage) in
            Argument(
                value: try Value(from: &reader), text: try reader.string(),
                isSensitive: try reader.flag())
        }
        results = try reader.list { (reader) throws(ByteReader.Damage) in
            guard let kind = ValueKind(rawValue: try reader.number()) else {
                throw ByteReader.Damage()
            }
            return kind
        }
        argv = try reader.list { (reader) throws(ByteReader.Damage) in try reader.string() }
        environment = try reader.list { (reader) throws(ByteReader.Damage) in
            EnvironmentVariable(
                name: try reader.string(), value: try reader.string(),
                isSensitive: try reader.flag())
        }
        strict = try reader.flag()
        takesInput = try reader.flag()
    }
}
