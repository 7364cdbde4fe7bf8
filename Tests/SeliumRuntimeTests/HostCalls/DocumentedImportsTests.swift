import Foundation
import SeliumABI
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("docs/abi.md", .inTurn())
struct DocumentedImportsTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A row's cells by its import.
    private static func rows() throws -> [String: [String]] {
        let text = try String(contentsOf: root.appending(path: "docs/abi.md"), encoding: .utf8)
        var rows: [String: [String]] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            rows[cells[0].replacing("`", with: "")] = cells
        }
        return rows
    }

    private static func text(_ type: FunctionType) -> String {
        let parameters = type.parameters.map { "\($0)" }.joined(separator: ", ")
        return "`(\(parameters)) -> \(type.results.first.map { "\($0)" } ?? "()")`"
    }

    @Test("every function has a row with its type, what it needs, and whether it waits")
    func functions() throws {
        let rows = try Self.rows()
        for function in HostFunctions.all {
            let name = "\(function.module).\(function.name)"
            guard let cells = rows[name], cells.count == 6 else {
                Issue.record("no row of six cells for \(name)")
                continue
            }
            let needs = HostFunctions.capability(module: function.module, name: function.name)
            let waits = if case .waiting = function.body { "yes" } else { "no" }
            #expect(cells[1] == Self.text(function.type), "\(name)")
            #expect(cells[4] == needs.map { "`\($0.name)`" } ?? "nothing", "\(name)")
            #expect(cells[5] == waits, "\(name)")
        }
        #expect(rows.count == HostFunctions.all.count)
    }

    @Test("functions with a place in the guest's memory are known as such")
    func memory() {
        for (calls, functions) in [
            (ProcessCalls.memoryCalls, ProcessCalls.functions),
            (HandleCalls.memoryCalls, HandleCalls.functions),
            (LogCalls.memoryCalls, LogCalls.functions),
            (TimeCalls.memoryCalls, TimeCalls.functions),
        ] {
            #expect(calls.isSubset(of: functions.map(\.name)))
            for function in functions where function.type.parameters.contains(.i32) {
                let takesHandle = function.name == "close"
                #expect(calls.contains(function.name) != takesHandle, "\(function.name)")
            }
        }
    }
}
