import Foundation
import SeliumNetCore
import SeliumTesting
import Testing

/// What scripts/generate-address-vectors says about random texts: it asks Python's ipaddress.
private enum Peer {

    static func lines(_ count: Int, seed: Int) throws -> [Substring] {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", root.appendingPathComponent("scripts/generate-address-vectors").path,
            "--stream", String(count), String(seed),
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }
}

@Suite("Addresses beside a running Python", .inTurn(minutes: 2))
struct AddressPeerTests {
    /// The predicates of ipaddress, of the address that packets end at, one letter each.
    private func letters(_ address: IPAddress) -> String {
        var letters = ""
        if address.isLoopback { letters += "l" }
        if address.isUnspecified { letters += "u" }
        if address.isMulticast { letters += "m" }
        if address.isLinkLocal { letters += "k" }
        if address.isSiteLocal { letters += "s" }
        if address.isPrivate, address.canonical.isIPv4 { letters += "p" }
        return letters + (address.canonical.isIPv4 ? "4" : "6")
    }

    @Test("of 100,000 random texts each means what ipaddress says: value, class, predicates, ports")
    func randomTexts() throws {
        let lines = try Peer.lines(100_000, seed: 20_261_121)
        #expect(lines.count == 100_000)
        var counts = (addresses: 0, sockets: 0, neither: 0)
        for line in lines {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            try #require(fields.count == 4, "\(line)")
            let text = fields[0]
            let address = try? IPAddress(parsing: text)
            if fields[1] != "-" {
                counts.addresses += 1
                let address = try #require(address, "\(line)")
                if address.description != fields[1] || address.addressClass.rawValue != fields[2]
                    || (fields[3] != "?" && letters(address) != fields[3])
                {
                    Issue.record("\(line): \(address) \(address.addressClass) \(letters(address))")
                }
            } else {
                let socket = (try? SocketAddress(parsing: text))?.description ?? "-"
                if address != nil || socket != fields[2] {
                    Issue.record("\(line): \(String(describing: address)) \(socket)")
                }
                if socket == "-" { counts.neither += 1 } else { counts.sockets += 1 }
            }
        }
        // Each kind is there in numbers, else agreement would say little.
        #expect(counts.addresses > 30_000 && counts.sockets > 2_000 && counts.neither > 20_000)
    }
}
