import Foundation
import SeliumTesting
import Testing

/// `selium logs`, and logs that outlive their runtime, through the two programs.
@Suite("Logs, through the programs", .inTurn(minutes: 5))
struct LogTests {
    @Test("whoever follows over rotations and kill -9 gets every record once, or a gap for it")
    func follow() async throws {
        // Segments of 3 MiB: ten megabytes of each incarnation begin four.
        let variables = ["SELIUM_LOG_KEEP": "24MiB"]
        try await RealServer.withServer(variables: variables) { server in
            let guest = try SmallGuest.write(
                SmallGuest.counter, to: server.directory, as: "counter.wasm")
            let started = try await server.selium(
                "start", guest, "--name", "web", "--restart", "always", "--capabilities", "wasi")
            #expect(started.code == 0, "\(started.errors)")
            let watch = try RunningCommand(
                RealServer.selium, ["logs", "-f", "web", "-o", "jsonl"],
                environment: server.environment)
            var reader = RecordReader()
            try await reader.read(watch, untilIncarnation: 1, line: 3_000)
            server.kill()
            try await server.withSuccessor { second in
                try await reader.read(watch, untilIncarnation: 2, line: 9_000)
                second.kill()
                try await second.withSuccessor { third in
                    try await reader.read(watch, untilIncarnation: 3, line: 10_000)
                    third.kill()
                    try await third.withSuccessor { fourth in
                        try await reader.read(watch, untilIncarnation: 4, line: 10_000)
                        try await readAgain(fourth, reader)
                        #expect(try await fourth.selium("kill", "web").code == 0)
                        try await reader.readToEnd(watch)
                        #expect(await watch.end() == 0)
                    }
                }
            }
            #expect(reader.problems == [])
            #expect(reader.gaps.allSatisfy { $0.reason == "lost" }, "\(reader.gaps)")
            #expect(reader.exits == 1)
        }
    }

    @Test("structured records of C and Swift guests are shown, chosen, counted and kept")
    func structured() async throws {
        try await RealServer.withServer { server in
            for (id, name) in [(1, "journal"), (2, "journal-swift")] {
                let guest = try await Checkout.guest(name)
                let seen = try await server.selium("start", guest, "--attach", "--", "a.csv")
                #expect(seen.code == 0, "\(seen.errors)")
                let lines = seen.text.split(separator: "\n").map(String.init)
                #expect(lines.count == 3)
                let first = "Z info import: began file=a.csv"
                #expect(lines.first?.hasSuffix(first) == true, "\(lines)")
                #expect(lines.contains("3 rows"))
                let last = "Z warning import: a row has no price file=a.csv rows=3"
                #expect(lines.last?.hasSuffix(last) == true, "\(lines)")
                let plain = try await server.selium("logs", "\(id)", "--stream", "stdout")
                #expect(plain.text == "3 rows\n")
                let grave = try await server.selium("logs", "\(id)", "--level", "warning").text
                #expect(grave.split(separator: "\n").count == 1, "\(grave)")
                #expect(grave.hasSuffix(last + "\n"), "\(grave)")
            }
            server.terminate()
            // From the disk.
            try await server.withSuccessor { server in
                let all = try await server.selium("logs", "1", "-o", "jsonl").text
                #expect(
                    all.contains(
                        #""stream":"structured","level":"warning","target":"import","message":"a row has no price","fields":{"file":"a.csv","rows":"3"},"partial":false}"#
                    ), "\(all)")
                let last = ["logs", "2", "--stream", "structured", "--tail", "1"]
                let tail = try await Command.run(
                    RealServer.selium, last, environment: server.environment
                ).text
                #expect(tail.split(separator: "\n").count == 1, "\(tail)")
                #expect(tail.contains("a row has no price"), "\(tail)")
            }
        }
    }

    /// Who comes later gets the same records, as far as they are kept.
    private func readAgain(_ server: RealServer, _ live: RecordReader) async throws {
        let later = try await server.selium("logs", "web", "-o", "jsonl")
        #expect(later.code == 0, "\(later.errors)")
        var reader = RecordReader()
        reader.take(later.output)
        #expect(reader.problems == [])
        #expect(reader.exits == 0, "it lives")
        let oldest = try #require(reader.lines.keys.min())
        #expect(oldest > 1, "48 MB were written, 24 MiB are kept")
        #expect(reader.lines.count > 15_000)
        let same = reader.lines.filter { live.lines[$0.key] == $0.value }.count
        // Only what was on its way when a runtime died was seen by nobody then.
        #expect(same > reader.lines.count / 2)
        #expect(reader.lines.allSatisfy { (live.lines[$0.key] ?? $0.value) == $0.value })
        let segments = try FileManager.default.contentsOfDirectory(
            atPath: server.directory.appending(path: "state/logs/1").path)
        #expect((7...14).contains(segments.count), "\(segments)")
    }

    @Test("what was written before a restart is read after it, with every flag")
    func flags() async throws {
        try await RealServer.withServer { server in
            let fails = try SmallGuest.write(
                SmallGuest.fails, to: server.directory, as: "fails.wasm")
            let upper = try await Checkout.guest("upper")
            let words = "one\ntwo\nthree\nfour\n"
            let first = try await server.selium(
                "start", upper, "--name", "upper", "-i", "--attach", input: words)
            #expect(first.code == 0, "\(first.errors)")
            let second = try await server.selium(
                "start", fails, "--name", "fails", "--attach", "--restart", "on-failure:2",
                "--backoff", "10ms..10ms")
            #expect(second.code == 3)
            server.terminate()
            try await server.withSuccessor { server in
                try await expectTexts(server)
                try await expectForms(server)
                try await expectRefusals(server)
            }
        }
    }

    private func expectTexts(_ server: RealServer) async throws {
        func logs(_ arguments: String...) async throws -> String {
            let result = try await Command.run(
                RealServer.selium, ["logs"] + arguments, environment: server.environment)
            #expect(result.code == 0, "\(result.errors)")
            return result.text
        }
        #expect(try await logs("upper") == "ONE\nTWO\nTHREE\nFOUR\n")
        #expect(try await logs("1", "--follow") == "ONE\nTWO\nTHREE\nFOUR\n", "it has ended")
        #expect(try await logs("upper", "--tail", "2") == "THREE\nFOUR\n")
        #expect(try await logs("upper", "--tail", "0") == "")
        #expect(try await logs("upper", "--from", "3") == "TWO\nTHREE\nFOUR\n")
        #expect(try await logs("upper", "--grep", "^T") == "TWO\nTHREE\n")
        #expect(try await logs("upper", "--stream", "stderr") == "")
        #expect(try await logs("upper", "--since", "1h") == "ONE\nTWO\nTHREE\nFOUR\n")
        #expect(try await logs("upper", "--since", "2100-01-01T00:00:00Z") == "")
        #expect(try await logs("upper", "--until", "2000-01-01") == "")
        #expect(try await logs("upper", "--until", "2100-01-01") == "ONE\nTWO\nTHREE\nFOUR\n")
        #expect(try await logs("fails") == "up\nup\nup\n")
        #expect(try await logs("fails", "--previous") == "up\n")
        #expect(
            try await logs("fails", "upper", "--grep", "U")
                == "[1] FOUR\n", "one after the other, each with its id in front")
        #expect(
            try await logs("upper", "fails", "--tail", "1") == "[1] FOUR\n",
            "the other one's last record is a note of the runtime")
        #expect(
            try await logs("upper", "fails", "--tail", "1", "--stream", "stdout")
                == "[1] FOUR\n[2] up\n")
    }

    private func expectForms(_ server: RealServer) async throws {
        let json = try await server.selium("logs", "upper", "-o", "jsonl")
        let lines = json.text.split(separator: "\n")
        #expect(lines.count == 7, "begin, four lines, the end, and the exit record")
        #expect(lines[1].contains(#""seq":2,"#))
        #expect(lines[1].contains(#""message":"ONE""#))
        #expect(lines[6].hasPrefix(#"{"exit":{"#))
        let times = try await server.selium("logs", "upper", "--timestamps", "--tail", "1")
        #expect(times.text.contains(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z FOUR\n$/))
    }

    private func expectRefusals(_ server: RealServer) async throws {
        func refusal(_ arguments: String...) async throws -> String {
            let result = try await Command.run(
                RealServer.selium, ["logs"] + arguments, environment: server.environment)
            #expect(result.text.isEmpty)
            return "\(result.code) " + (result.errors.split(separator: "\n").first ?? "")
        }
        #expect(try await refusal("nobody").hasPrefix("3 error: no process 'nobody'"))
        #expect(
            try await refusal("upper", "--from", "9999")
                == "65 error: record 9999 does not exist, the last one is 6")
        #expect(
            try await refusal("upper", "--previous")
                == "3 error: there is no incarnation before this one")
        #expect(
            try await refusal("upper", "--tail", "1", "--since", "1h")
                == "64 error: --since and --tail exclude each other")
        #expect(
            try await refusal("upper", "-f", "--until", "1h")
                == "64 error: --follow and --until exclude each other")
        #expect(
            try await refusal("upper", "--grep", "(")
                == "64 error: --grep '(' is not a regular expression")
        #expect(try await refusal("upper", "--since", "soon").hasPrefix("64 error: --since 'soon'"))
    }

    @Test("in memory only nothing is written, and the next runtime says what is lost")
    func memoryOnly() async throws {
        try await RealServer.withServer(variables: ["SELIUM_LOG_STORAGE": "memory"]) { server in
            let fails = try SmallGuest.write(
                SmallGuest.fails, to: server.directory, as: "fails.wasm")
            #expect(try await server.selium("start", fails, "--attach").code == 3)
            #expect(try await server.selium("logs", "1").text == "up\n")
            let folder = server.directory.appending(path: "state/logs").path
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            server.kill()
            try await server.withSuccessor { successor in
                let logs = try await successor.selium("logs", "1")
                #expect(logs.text == "")
                #expect(logs.code == 0)
                #expect(logs.errors == "selium: lost 2 records (0 bytes)\n")
            }
        }
    }

    @Test("settings that make no sense, or contradict each other, are refused at the start")
    func settings() async throws {
        for (variables, words) in [
            (["SELIUM_LOG_STORAGE": "paper"], "--log-storage 'paper' is neither disk nor memory"),
            (["SELIUM_LOG_KEEP": "1K"], "--log-keep '1K' is not a size from 1MiB to 1TiB"),
            (["SELIUM_LOG_AGE": "soon"], "--log-age 'soon' is not a time from 1s to ten years"),
            (
                ["SELIUM_LOG_STORAGE": "memory", "SELIUM_LOG_KEEP": "2MiB"],
                "--log-keep has no effect with --log-storage memory"
            ),
        ] {
            let folder = try TemporaryDirectory()
            defer { folder.remove() }
            let refused = try await Command.run(
                Checkout.binaries.appending(path: "selium-runtime").path,
                ["--work-dir", folder.url.path], environment: variables)
            #expect(refused.code == 78)
            #expect(refused.errors.contains(words), "\(refused.errors)")
        }
    }
}
