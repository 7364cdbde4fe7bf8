import Foundation
import SeliumProtocol
import SeliumTesting
import Testing

/// control.proto as far as it is needed to compare the strict reader's table with it.
struct ProtoFile {
    struct Field: Hashable {
        var number: UInt64
        var name: String
        var type: String
        var isRepeated: Bool
        var oneOf: String
    }

    var messages: [String: Set<Field>] = [:]
    var enumerations: [String: [UInt64]] = [:]

    init() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/SeliumProtocol/Proto/control.proto")
        let text = try String(contentsOf: path, encoding: .utf8)
        var scope: [(kind: Substring, name: String)] = []
        for line in text.split(separator: "\n") {
            let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[
                0]
            let words = code.split(whereSeparator: { " ;={}".contains($0) })
            if code.contains("{") {
                let name = words.count > 1 ? String(words[1]) : ""
                scope.append((words.first ?? "", name))
                if words.first == "message" { messages[name] = [] }
                if code.contains("}") { scope.removeLast() }
            } else if code.contains("}") {
                scope.removeLast()
            } else if code.contains("="), let current = scope.last {
                add(words, to: current, outer: scope.dropLast().last?.name ?? "")
            }
        }
    }

    private mutating func add(
        _ words: [Substring], to scope: (kind: Substring, name: String), outer: String
    ) {
        guard let number = words.last.flatMap({ UInt64($0) }), words.count >= 2 else { return }
        if scope.kind == "enum" {
            enumerations[scope.name, default: []].append(number)
            return
        }
        let label = words[0] == "repeated" || words[0] == "optional" ? words[0] : ""
        let rest = label.isEmpty ? words : Array(words.dropFirst())
        let isOneOf = scope.kind == "oneof"
        messages[isOneOf ? outer : scope.name, default: []].insert(
            Field(
                number: number, name: String(rest[1]), type: String(rest[0]),
                isRepeated: label == "repeated", oneOf: isOneOf ? scope.name : ""))
    }
}

@Suite(.inTurn()) struct SchemaTests {
    @Test("The strict reader's table is control.proto's, message by message")
    func table() throws {
        let proto = try ProtoFile()
        var visited: Set<String> = []
        var waiting = [RequestSchema.standard.request, RequestSchema.standard.clientFrame]
        while let schema = waiting.popLast() {
            guard visited.insert(schema.name).inserted else { continue }
            let expected = try #require(proto.messages[schema.name], "\(schema.name)")
            #expect(schema.fields.count == expected.count, "\(schema.name)")
            #expect(schema.fields.count <= 64)
            for field in schema.fields {
                let declared = try #require(
                    expected.first { $0.number == field.number }, "\(schema.name).\(field.name)")
                #expect(declared.name == field.name)
                #expect(declared.type == typeName(field.kind))
                switch field.multiplicity {
                case .once: #expect(!declared.isRepeated && declared.oneOf.isEmpty)
                case .oneOf: #expect(!declared.oneOf.isEmpty)
                case .repeated: #expect(declared.isRepeated)
                }
                if case .message(let inner) = field.kind { waiting.append(inner) }
                if case .enumeration(let name, let last) = field.kind {
                    #expect(proto.enumerations[name] == Array(0...last))
                }
            }
        }
        #expect(visited.count == 31)
    }

    private func typeName(_ kind: FieldSchema.Kind) -> String {
        switch kind {
        case .bool: "bool"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .sint64: "sint64"
        case .float: "float"
        case .double: "double"
        case .bytes: "bytes"
        case .string: "string"
        case .enumeration(let name, _): name
        case .message(let schema): schema.name
        }
    }

    /// Every message that a frame of either side, or a system record in a log, can hold.
    private func reachable(_ proto: ProtoFile) throws -> Set<String> {
        var visited: Set<String> = []
        var waiting = ["Request", "ClientFrame", "ServerFrame", "SystemRecord"]
        while let name = waiting.popLast() {
            guard visited.insert(name).inserted else { continue }
            let fields = try #require(proto.messages[name], "\(name)")
            // A nested message is written with the name of the one around it outside of that.
            let types = fields.map { $0.type.split(separator: ".").last.map(String.init) ?? "" }
            waiting += types.filter { proto.messages[$0] != nil }
        }
        return visited
    }

    @Test("Field numbers keep to their ranges, in every message of either side")
    func numbers() throws {
        let proto = try ProtoFile()
        let messages = try reachable(proto)
        #expect(messages == Set(proto.messages.keys))
        for name in messages {
            // 60 and above are for what later versions bring.
            for field in proto.messages[name] ?? [] {
                #expect((1...59).contains(field.number), "\(name).\(field.name)")
            }
        }
        let request = try #require(proto.messages["Request"])
        for field in request where field.oneOf.isEmpty { #expect((1...9).contains(field.number)) }
        for field in request where !field.oneOf.isEmpty {
            #expect((10...59).contains(field.number), "\(field.name)")
        }
        for message in [
            "Start", "Stop", "List", "Attach", "Wait", "Info", "LogRequest", "Limits", "Kill",
            "Restart", "Remove", "Prune", "Supervision", "Inspect", "PushModule",
            "ListModules", "InspectModule", "RemoveModule", "CollectModules",
            "ReadEvents",
        ] {
            for field in try #require(proto.messages[message]) {
                #expect((10...59).contains(field.number), "\(message).\(field.name)")
            }
        }
    }

    @Test("No field that was published has changed its number, name or type, and none is new")
    func published() throws {
        let proto = try ProtoFile()
        var living: Set<String> = []
        var numbers: Set<String> = []
        for line in PublishedFields.lines.split(separator: "\n") {
            let words = line.split(separator: " ")
            let field = words.first == "retired" ? words.dropFirst() : words[...]
            // Its message and number: nobody else's, ever.
            let number = field.prefix(2).joined(separator: " ")
            #expect(numbers.insert(number).inserted, "\(number) is used twice")
            if words.first != "retired" { living.insert(String(line)) }
        }
        let declared = proto.messages.flatMap { name, fields in
            fields.map {
                "\(name) \($0.number) \($0.name) \($0.isRepeated ? "repeated " : "")\($0.type)"
            }
        }
        #expect(Set(declared) == living)
    }

    @Test("Codes are gRPC's list, and the wire's")
    func codes() throws {
        let proto = try ProtoFile()
        #expect(proto.enumerations["Code"] == ErrorCode.allCases.map { UInt64($0.rawValue) })
        for code in ErrorCode.allCases { #expect(ErrorCode(code.wire) == code) }
        #expect(ErrorCode(WireCode.UNRECOGNIZED(99)) == .unknown)
    }
}
