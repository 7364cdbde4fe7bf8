import Foundation
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Global settings", .inTurn(minutes: 2))
struct SettingsTests {
    @Test("A flag beats a variable, a variable beats the default")
    func precedence() throws {
        let settings = try Settings(
            flags: ["domain": "a"], environment: ["SELIUM_DOMAIN": "b", "SELIUM_PORT": "7001"])
        #expect(settings.domain == "a")
        #expect(settings.port == 7001)
        #expect(settings.timeout == .seconds(10))
        let origins = Dictionary(
            uniqueKeysWithValues: settings.origins.map { ($0.setting.name, $0.origin) })
        #expect(origins["domain"] == .flag)
        #expect(origins["port"] == .environment)
        #expect(origins["timeout"] == .standard)
    }

    @Test("An empty variable counts as not set")
    func emptyVariable() throws {
        #expect(try Settings(flags: [:], environment: ["SELIUM_DOMAIN": ""]).domain == "localhost")
    }

    @Test("Every setting has the variable of its flag")
    func variables() throws {
        #expect(
            Setting.all.map(\.variable) == [
                "SELIUM_DOMAIN", "SELIUM_PORT", "SELIUM_CERT_DIR", "SELIUM_SERVER_NAME",
                "SELIUM_CONTEXT", "SELIUM_TIMEOUT",
                "SELIUM_OUTPUT", "SELIUM_LOG_FORMAT", "SELIUM_QUIET", "SELIUM_COLOR",
                "SELIUM_VERBOSE",
            ])
        let values = [
            "domain": "h", "port": "1", "cert-dir": "d", "server-name": "s", "timeout": "1s",
            "output": "json",
            "log-format": "json", "quiet": "true", "color": "never", "verbose": "true",
        ]
        // Which contexts there are says a file: ContextTests.
        for setting in Setting.all where setting.name != "context" {
            let settings = try Settings(
                flags: [:], environment: [setting.variable: values[setting.name] ?? ""])
            let found = settings.origins.first { $0.setting == setting }
            #expect(found?.origin == .environment)
            #expect(found?.value == values[setting.name])
        }
    }

    @Test(
        "What makes no sense is 64 as a flag and 78 as a variable",
        arguments: [
            ("port", "70000"), ("port", "0"), ("timeout", "soon"), ("timeout", "2h"),
            ("output", "xml"),
            ("log-format", "yaml"), ("color", "red"),
        ])
    func judged(_ name: String, _ value: String) throws {
        #expect(throws: CommandError.self) { try Settings(flags: [name: value], environment: [:]) }
        do {
            _ = try Settings(flags: [name: value], environment: [:])
        } catch {
            #expect(error.status == .usage)
            #expect(error.message.contains("--\(name) '\(value)'"))
        }
        let variable = Setting.all.first { $0.name == name }?.variable ?? ""
        do {
            _ = try Settings(flags: [:], environment: [variable: value])
            Issue.record("a bad variable was taken")
        } catch {
            #expect(error.status == .badConfiguration)
            #expect(error.message.contains("\(variable)='\(value)'"))
        }
    }

    @Test(
        "A server's name is a host name or an address, not nearly one",
        arguments: ["127.0.0.1.", "a b", "a..b", "example.com.", "-a", "1.2.3"])
    func serverNames(_ name: String) {
        #expect(throws: CommandError.self) {
            try Settings(flags: ["server-name": name], environment: [:])
        }
        do {
            _ = try Settings(flags: ["server-name": name], environment: [:])
        } catch {
            #expect(error.status == .usage)
            #expect(error.message == "--server-name '\(name)' is not a host name or an address")
        }
        for good in ["a.example", "127.0.0.1", "::1"] {
            #expect(
                (try? Settings(flags: ["server-name": good], environment: [:]))?.serverName == good)
        }
    }

    @Test(
        "Durations are written as they are read",
        arguments: [
            ("500ms", "500ms"), ("10s", "10s"), ("1.5s", "1.5s"), ("2m", "120s"), ("0.05", "50ms"),
        ])
    func durationText(_ given: String, _ shown: String) {
        #expect(Quantity.duration(given).map(Quantity.text) == shown)
    }

    @Test(
        "Durations have units, or are seconds",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("2m", .seconds(120)),
            ("0.5", .milliseconds(500)),
        ])
    func durations(_ text: String, _ duration: Duration) {
        #expect(Quantity.duration(text) == duration)
    }

    @Test(
        "What is no duration is none",
        arguments: ["", "s", "-1", "0", "1d", "nan", "inf", "1e400", " 1"])
    func notDurations(_ text: String) {
        #expect(Quantity.duration(text) == nil)
    }

    @Test(
        "Sizes have units, or are bytes",
        arguments: [
            ("64M", UInt64(64 << 20)), ("64MiB", 64 << 20), ("1g", 1 << 30), ("65536", 65_536),
            ("2k", 2048),
        ])
    func sizes(_ text: String, _ bytes: UInt64) {
        #expect(Quantity.bytes(text) == bytes)
    }

    @Test(
        "What is no size, or is beyond all sizes, is none",
        arguments: [
            "", "M", "-1", "1.5M", "1T", "99999999999G", "18446744073709551615",
        ])
    func notSizes(_ text: String) {
        #expect(Quantity.bytes(text) == nil)
    }

    @Test(
        "Global flags may stand before the command",
        arguments: [
            (["--domain", "h", "ps", "-a"], ["ps", "--domain", "h", "-a"]),
            (["-q", "--output=json", "ps"], ["ps", "-q", "--output=json"]),
            (
                ["--cert-dir", "x", "cert", "init", "--dir", "d"],
                ["cert", "init", "--cert-dir", "x", "--dir", "d"]
            ),
            (
                ["-v", "start", "f", "--", "--domain", "x"],
                ["start", "-v", "f", "--", "--domain", "x"]
            ),
            (["ps", "--domain", "h"], ["ps", "--domain", "h"]),
            (["--help"], ["--help"]),
            (["--domain"], ["--domain"]),
            ([], []),
        ])
    func order(_ given: [String], _ expected: [String]) {
        #expect(ArgumentOrder.commandFirst(given, groups: Selium.groups) == expected)
    }

    @Test("info --show-origin says who won, and asks no server")
    func showOrigin() async {
        let outcome = await run(
            "--port", "7002", "info", "--show-origin", environment: ["SELIUM_DOMAIN": "h"])
        #expect(outcome.status == .ok)
        let rows = outcome.out.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true)
        }
        #expect(rows.contains { $0 == ["port", "7002", "flag"] })
        #expect(rows.contains { $0 == ["domain", "h", "environment", "(SELIUM_DOMAIN)"] })
        #expect(rows.contains { $0 == ["timeout", "10s", "default"] })
        #expect(rows.contains { $0 == ["server-name", "h", "default", "(the", "domain)"] })
    }

    @Test("NO_COLOR, pipes and --color never leave colours out")
    func colours() throws {
        #expect(try Settings(flags: [:], environment: [:]).isColoured(onTerminal: true))
        #expect(try !Settings(flags: [:], environment: [:]).isColoured(onTerminal: false))
        #expect(
            try !Settings(flags: ["color": "always"], environment: ["NO_COLOR": "1"]).isColoured(
                onTerminal: true))
        #expect(
            try !Settings(flags: ["color": "never"], environment: [:]).isColoured(onTerminal: true))
    }
}

@Suite("docs/configuration.md", .inTurn(minutes: 2))
struct ConfigurationDocumentTests {
    /// The rows of the table below `## selium`: flag, short flag, variable, default.
    private static func rows() throws -> [[String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "docs/configuration.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let section = text.components(separatedBy: "\n## selium\n").last ?? ""
        return section.split(separator: "\n").filter { $0.hasPrefix("| `--") }.map { line in
            line.replacing("\\|", with: "/").split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
    }

    @Test("It lists every global setting with its flag, variable and default")
    func table() throws {
        let rows = try Self.rows()
        #expect(rows.count == Setting.all.count)
        for (row, setting) in zip(rows, Setting.all) {
            #expect(row[0].hasPrefix("`--\(setting.name)"))
            if let short = setting.short { #expect(row[0].hasSuffix("`-\(short)`")) }
            #expect(row[1] == "`\(setting.variable)`")
            if let standard = setting.standard, !setting.isSwitch {
                #expect(row[2] == "`\(standard)`")
            }
        }
    }
}
