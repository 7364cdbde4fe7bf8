import Foundation
import SeliumTesting
import Testing

/// Restarts, kills and removals through the two programs.
@Suite("Supervision, through the programs", .inTurn(minutes: 5))
struct SupervisionTests {
    private func failing(_ directory: URL) throws -> String {
        try SmallGuest.write(SmallGuest.fails, to: directory, as: "fails.wasm")
    }

    @Test("one that fails begins again in front of its viewer, until its restarts are used up")
    func crashLoop() async throws {
        try await RealServer.withServer { server in
            let guest = try failing(server.directory)
            let attached = try await server.selium(
                "start", guest, "--attach", "--restart", "on-failure:2", "--backoff", "10ms..10ms")
            #expect(attached.text == "up\nup\nup\n")
            #expect(attached.code == 3)
            #expect(attached.errors.contains("selium: all 2 restarts are used up\n"))
            let waited = try await server.selium("wait", "1")
            #expect(waited.code == 3)
            #expect(waited.text == "Process 1 exited with code 3\n")
            let rows = try await server.selium("ps", "-a")
            #expect(rows.text.contains("crashed"))
            #expect(rows.text.split(separator: "\n").last?.contains("  2  ") == true)
            let status = try await server.selium("status", "1")
            #expect(status.text.contains("incarnation   3\n"), "\(status.text)")
            #expect(status.text.contains("--restart on-failure:2 --backoff 10ms..10ms"))
        }
    }

    @Test("one that waits to begin again says how long, and a stop ends that")
    func backingOff() async throws {
        try await RealServer.withServer { server in
            let guest = try failing(server.directory)
            let started = try await server.selium(
                "start", guest, "--name", "web", "--restart", "always", "--backoff", "1h..1h",
                "--restart-limit", "5/1d")
            #expect(started.code == 0, "\(started.errors)")
            // Its log tells when it waits: the first end is there.
            let watch = try RunningCommand(
                RealServer.selium, ["attach", "web", "--tail", "all", "-o", "jsonl"],
                environment: server.environment)
            _ = try await watch.output(until: #""kind":"ended""#)
            let wait = try RunningCommand(
                RealServer.selium, ["wait", "web"], environment: server.environment)
            let runs = try RunningCommand(
                RealServer.selium, ["wait", "web", "--for", "running"],
                environment: server.environment)
            let rows = try await server.selium("ps")
            let row = try #require(rows.text.split(separator: "\n").last)
            #expect(row.contains("backing-off 35") || row.contains("backing-off 3600.0s"))
            #expect(row.contains("s (1/5)"))
            let json = try await server.selium("ps", "-o", "jsonl")
            #expect(json.text.contains(#""state":"backing-off""#))
            #expect(json.text.contains(#""attempt":1,"of":5"#))
            #expect(json.text.contains(#""limit":{"count":5,"windowNanoseconds":86400000000000}"#))
            let taken = try await server.selium("start", guest, "--name", "web")
            #expect(taken.code == 4)
            #expect(try await server.selium("stop", "web").text == "Stopped process 1\n")
            // Whoever watched is told that it is over.
            #expect(await watch.end() == 3)
            #expect(await wait.end() == 3)
            #expect(await runs.end() == 4)
            #expect(try await server.selium("ps").text.split(separator: "\n").count == 1)
        }
    }

    @Test("wait --for running returns when the program runs, and says so of one that will not")
    func waitsUntilRunning() async throws {
        let loop = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", loop, "--name", "web").code == 0)
            let runs = try await server.selium("wait", "web", "--for", "running")
            #expect(runs.code == 0, "\(runs.errors)")
            #expect(runs.text == "Process 1 is running\n")
            let json = try await server.selium("wait", "1", "--for", "running", "-o", "jsonl")
            #expect(
                json.text == """
                    {"schema":"selium.reached/1","id":1,"state":"running","incarnation":1}

                    """)
            #expect(try await server.selium("stop", "web").code == 0)
            let ended = try await server.selium("wait", "1", "--for", "running")
            #expect(ended.code == 4)
            #expect(
                ended.errors == """
                    error: process 1 has ended
                    start it anew: selium start

                    """)
            #expect(try await server.selium("wait", "1", "--for", "exited").code == 137)
            let unknown = try await server.selium("wait", "1", "--for", "runing")
            #expect(unknown.code == 64)
            #expect(unknown.errors.contains("did you mean 'running'?"), "\(unknown.errors)")
        }
    }

    @Test("contradictions are refused by the server, words that are none by the command")
    func refused() async throws {
        try await RealServer.withServer { server in
            let guest = try failing(server.directory)
            let pointless = try await server.selium("start", guest, "--backoff", "1s..2s")
            #expect(pointless.code == 65)
            #expect(
                pointless.errors == """
                    error: --backoff has no effect with --restart no, the default
                    say --restart on-failure, or leave out --backoff

                    """)
            let unknown = try await server.selium("start", guest, "--restart", "sometimes")
            #expect(unknown.code == 64)
            #expect(unknown.errors.contains("--restart is not 'no', 'on-failure', 'always'"))
            let help = try await server.selium("start", "--help").text
                .split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(help.contains("has to finish when it is asked to: 10s (default). "), "\(help)")
            #expect(try await server.selium("ps", "-a", "-q").text.isEmpty)
        }
    }

    @Test("a crash loop within its window ends as crashed, and says by which bound")
    func window() async throws {
        try await RealServer.withServer { server in
            let guest = try failing(server.directory)
            let attached = try await server.selium(
                "start", guest, "--attach", "--restart", "always", "--backoff", "10ms..20ms",
                "--restart-limit", "3/1h")
            #expect(attached.text == "up\nup\nup\nup\n")
            #expect(attached.code == 3)
            #expect(
                attached.errors.contains(
                    "selium: 3 restarts within 1h: it does not start again\n"))
            let row = try await server.selium("ps", "-a", "-o", "jsonl").text
            #expect(row.contains(#""state":"crashed""#))
            #expect(row.contains(#""restarts":3,"#))
            #expect(try await server.selium("restart", "1").code == 4)
        }
    }

    @Test("a wait and an attach from before a restart go on to the end of the last incarnation")
    func acrossRestarts() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest, "--name", "web").code == 0)
            let watch = try RunningCommand(
                RealServer.selium, ["attach", "web", "--tail", "all", "-o", "jsonl"],
                environment: server.environment)
            let wait = try RunningCommand(
                RealServer.selium, ["wait", "web"], environment: server.environment)
            var seen = try await watch.output(until: "here I go")
            #expect(try await server.selium("restart", "web").code == 0)
            seen += try await watch.output(until: "here I go")
            #expect(try await server.selium("restart", "web").code == 0)
            seen += try await watch.output(until: "here I go")
            #expect(try await server.selium("stop", "web").text == "Stopped process 1\n")
            seen += try await watch.output(until: #"{"exit":"#)
            #expect(await watch.end() == 137)
            #expect(await wait.end() == 137)
            let records = seen.split(separator: "\n").filter { $0.hasPrefix(#"{"seq":"#) }
            let sequences = records.map { $0.dropFirst(7).prefix { $0 != "," } }
            // Of three incarnations a beginning, a line and an end, in one series.
            #expect(sequences == (1...9).map { Substring("\($0)") }, "\(seen)")
        }
    }

    @Test("after a kill -9 of the runtime: restarted, lost, and every wait is answered")
    func crash() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            let web = try await server.selium(
                "start", guest, "--name", "web", "--restart", "on-failure")
            #expect(web.code == 0, "\(web.errors)")
            #expect(try await server.selium("start", guest, "--name", "plain").code == 0)
            let removed = try await server.selium("start", guest, "--name", "gone")
            #expect(removed.text == "Started process (id=3)\n")
            #expect(try await server.selium("rm", "--force", "gone").code == 0)
            let watch = try RunningCommand(
                RealServer.selium, ["attach", "web", "--tail", "all", "-o", "jsonl"],
                environment: server.environment)
            var seen = try await watch.output(until: "here I go")
            server.kill()
            try await server.withSuccessor { server in
                let plain = try await server.selium("wait", "plain")
                #expect(plain.code == 125)
                #expect(plain.text.contains("was lost"))
                // The attach of before finds its log again, where it had stopped reading.
                seen += try await watch.output(until: #""kind":"began","incarnation":2"#)
                #expect(seen.contains(#"{"gap":{"from":3,"#), "\(seen)")
                #expect(seen.contains(#""kind":"lost""#))
                #expect(seen.components(separatedBy: #""incarnation":1"#).count == 3, "\(seen)")
                let row = try await server.selium("ps", "-o", "jsonl").text
                #expect(row.contains(#""id":1,"#))
                #expect(row.contains(#""state":"running""#))
                #expect(row.contains(#""incarnation":2"#))
                #expect(row.contains(#""restarts":0"#))
                #expect(try await server.selium("kill", "web").text == "Killed process 1\n")
                #expect(await watch.end() == 137)
                // The id of what was removed does not come back.
                let next = try await server.selium("start", guest, "-o", "name")
                #expect(try #require(UInt64(next.text.dropLast())) > 3)
            }
        }
    }

    @Test("a runtime that ends in order hands a process, its viewers and its waiters to the next")
    func drain() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            let web = try await server.selium(
                "start", guest, "--name", "web", "--restart", "on-failure")
            #expect(web.code == 0, "\(web.errors)")
            let watch = try RunningCommand(
                RealServer.selium, ["attach", "web", "--tail", "all", "-o", "jsonl"],
                environment: server.environment)
            let wait = try RunningCommand(
                RealServer.selium, ["-v", "wait", "web"], environment: server.environment)
            var seen = try await watch.output(until: "here I go")
            // Who comes after the end finds nobody who listens.
            _ = try await wait.errors(until: "connected")
            server.terminate()
            try await server.withSuccessor { server in
                seen += try await watch.output(until: #""kind":"began","incarnation":2"#)
                #expect(seen.contains("shutdown"), "\(seen)")
                let row = try await server.selium("ps", "-o", "jsonl").text
                #expect(row.contains(#""restarts":0"#), "\(row)")
                #expect(try await server.selium("stop", "web").text == "Stopped process 1\n")
                let codes = (watch: await watch.end(), wait: await wait.end())
                #expect(codes == (137, 137))
            }
        }
    }

    @Test("run begins its program again as well, in one output")
    func run() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try failing(files.url)
        let result = try await Command.run(
            RealServer.selium,
            ["run", guest, "--restart", "on-failure:1", "--backoff", "10ms..10ms"],
            directory: files.url)
        #expect(result.text == "up\nup\n")
        #expect(result.code == 3)
        #expect(result.errors == "selium: its one restart is used up\n")
    }

    @Test("after a kill -9 one that waited waits on with its count, and who was stopped stays so")
    func crashWhileBackingOff() async throws {
        try await RealServer.withServer { server in
            let guest = try failing(server.directory)
            for name in ["web", "stopped"] {
                let started = try await server.selium(
                    "start", guest, "--name", name, "--restart", "always", "--backoff", "1h..1h",
                    "--restart-limit", "5/1d", "--", name)
                #expect(started.code == 0, "\(started.errors)")
                try await backsOff(name, server, attempt: 1)
            }
            #expect(try await server.selium("restart", "web").text.hasSuffix("(incarnation 2)\n"))
            try await backsOff("web", server, attempt: 2)
            #expect(try await server.selium("stop", "stopped").code == 0)
            server.kill()
            try await server.withSuccessor { server in
                let rows = try await server.selium("ps", "-a").text
                #expect(rows.contains("s (2/5)"), "\(rows)")
                let row = try await server.selium("ps", "-o", "jsonl").text
                #expect(row.contains(#""state":"backing-off""#))
                #expect(row.contains(#""restarts":2,"#))
                #expect(!row.contains(#""name":"stopped""#))
                #expect(try await server.selium("wait", "stopped").code == 3)
                // The module, the arguments, and the count go on behind the wait.
                #expect(
                    try await server.selium("restart", "web").text.hasSuffix("(incarnation 3)\n"))
                try await backsOff("web", server, attempt: 3)
                #expect(try await server.selium("stop", "web").text == "Stopped process 1\n")
            }
        }
    }

    /// Waits until a process waits for that restart of five.
    private func backsOff(_ name: String, _ server: RealServer, attempt: Int) async throws {
        let watch = try RunningCommand(
            RealServer.selium, ["attach", name, "--tail", "all", "-o", "jsonl"],
            environment: server.environment)
        _ = try await watch.output(until: #""incarnation":\#(attempt),"stopRequested""#)
        _ = await watch.end(SIGKILL)
        let state = try await server.selium("status", name).text
        #expect(state.contains("s (\(attempt)/5)"), "\(state)")
    }

    @Test("kill, restart, rm and prune: what they print, and what they refuse")
    func commands() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest, "--name", "web").code == 0)
            let restarted = try await server.selium("restart", "web")
            #expect(restarted.text == "Restarted process 1 (incarnation 2)\n")
            let json = try await server.selium("restart", "1", "-o", "json")
            #expect(json.text.contains(#""schema": "selium.restarted/1""#), "\(json.text)")
            let alive = try await server.selium("rm", "web")
            #expect(alive.code == 4)
            #expect(
                alive.errors == """
                    error: process 1 has not ended
                    stop it first: selium stop 1, or say --force

                    """)
            #expect(try await server.selium("kill", "web").text == "Killed process 1\n")
            let killed = try await server.selium("wait", "web")
            #expect(killed.code == 137)
            #expect(killed.text == "Process 1 was killed\n")
            #expect(
                try await server.selium("kill", "1").text == "Process 1 had already exited\n")
            #expect(try await server.selium("restart", "1").code == 4)
            #expect(try await server.selium("rm", "web").text == "Removed process 1\n")
            #expect(try await server.selium("status", "1").code == 3)
            #expect(try await server.selium("status", "web").code == 3)
            let again = try await server.selium("start", guest, "--name", "web")
            #expect(again.text == "Started process (id=2)\n")
            #expect(try await server.selium("rm", "--force", "web").text == "Removed process 2\n")
            #expect(try await server.selium("ps", "-a", "-q").text.isEmpty)
            let fails = try failing(server.directory)
            for _ in 0..<2 {
                #expect(try await server.selium("start", fails, "--attach").code == 3)
            }
            #expect(try await server.selium("start", guest).code == 0)
            #expect(try await server.selium("prune").text == "Removed 2 processes\n")
            #expect(try await server.selium("ps", "-a", "-q").text == "5\n")
            let rm = try await server.selium("start", fails, "--rm", "--attach")
            #expect(rm.code == 3)
            var left = "6"
            while left.contains("6") { left = try await server.selium("ps", "-a", "-q").text }
            #expect(left == "5\n")
        }
    }
}
