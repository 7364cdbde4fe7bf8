import Foundation
import SeliumTesting
import Testing

@Suite("Programs that listen for a stop, from the outside", .inTurn(minutes: 3))
struct WorkerTests {
    /// Starts a worker attached and waits until it is ready.
    private func worker(
        _ server: RealServer, _ arguments: String..., guest name: String = "worker"
    ) async throws -> RunningCommand {
        let guest = try await Checkout.guest(name)
        let watch = try RunningCommand(
            RealServer.selium, ["start", guest, "--attach", "--name", "web"] + arguments,
            environment: server.environment)
        let seen = try await watch.output(until: "is ready\n")
        #expect(seen.hasSuffix(", web, is ready\n"), "\(seen)")
        return watch
    }

    @Test("in C and in Swift: it is asked, ends by itself, and its code is the attached command's")
    func asked() async throws {
        try await RealServer.withServer { server in
            for (id, guest) in [(1, "worker"), (2, "worker-swift")] {
                let watch = try await worker(server, guest: guest)
                let ready = try await server.selium("wait", "web", "--for", "ready")
                #expect(ready.text == "Process \(id) is ready\n")
                let stop = try await server.selium("stop", "web")
                #expect(stop.text == "Stopped process \(id)\n")
                #expect(try await watch.output(until: "asked to stop\n") == "asked to stop\n")
                #expect(await watch.end() == 5)
                #expect(try await server.selium("wait", "web").code == 5)
                let exit = try await server.selium("status", "\(id)", "-o", "json").text
                #expect(exit.contains(#""stopRequested": true"#), "\(exit)")
            }
        }
    }

    @Test("one that simply returns is 143, one that goes on is 137 when its time is over")
    func codes() async throws {
        try await RealServer.withServer { server in
            let polite = try await worker(server, "--", "returns")
            #expect(try await server.selium("stop", "web").code == 0)
            #expect(await polite.end() == 143)
            let stubborn = try await worker(server, "--stop-timeout", "1s", "--", "stubborn")
            let status = try await server.selium("status", "web").text
            #expect(status.contains("--stop-timeout 1s\n"), "\(status)")
            #expect(try await server.selium("stop", "web").code == 0)
            #expect(await stubborn.end() == 137)
            let end = try await server.selium("wait", "web")
            #expect(end.text == "Process 2 was killed: it did not stop in time\n")
        }
    }

    @Test("it is stopping until its --stop-timeout is over; a kill does not wait for that")
    func stopping() async throws {
        try await RealServer.withServer { server in
            let stubborn = try await worker(server, "--stop-timeout", "1h", "--", "stubborn")
            let stop = try RunningCommand(
                RealServer.selium, ["stop", "web"], environment: server.environment)
            _ = try await stubborn.output(until: "asked to stop\n")
            let row = try await server.selium("ps", "-o", "jsonl").text
            #expect(row.contains(#""state":"stopping""#), "\(row)")
            // A kill waits for no grace, and ends that of the stop.
            #expect(try await server.selium("kill", "web").code == 0)
            #expect(try await stop.output(until: "\n") == "Stopped process 1\n")
            #expect(await stop.end() == 0)
            #expect(await stubborn.end() == 137)
        }
    }

    @Test("one that breaks its promise of a heartbeat has failed, and begins again")
    func silent() async throws {
        try await RealServer.withServer { server in
            let silent = try await worker(
                server, "--restart", "on-failure:1", "--backoff", "10ms..10ms", "--", "silent")
            #expect(await silent.end() == 137)
            let broken = try await server.selium("wait", "web")
            #expect(
                broken.text
                    == "Process 1 was ended: it did not send the heartbeat it had promised\n")
            let status = try await server.selium("status", "1", "-o", "json").text
            #expect(status.contains(#""incarnation": 2"#), "\(status)")
        }
    }

    @Test("run stops its program as stop would, and leaves it its grace")
    func run() async throws {
        let guest = try await Checkout.guest("worker")
        let run = try RunningCommand(RealServer.selium, ["run", guest, "--name", "web"])
        _ = try await run.output(until: "is ready\n")
        run.signal(SIGTERM)
        #expect(try await run.output(until: "asked to stop\n") == "asked to stop\n")
        #expect(await run.end() == 143)
    }

    @Test("the runtime's own end asks as well, and the next one begins it again")
    func drain() async throws {
        try await RealServer.withServer { server in
            let watch = try await worker(server, "--restart", "on-failure")
            server.signal(SIGTERM)
            #expect(try await watch.output(until: "asked to stop\n") == "asked to stop\n")
            #expect(server.end() == 0)
            _ = await watch.end(SIGKILL)
            try await server.withSuccessor { server in
                let status = try await server.selium("status", "web", "-o", "json").text
                #expect(status.contains(#""code": 5"#), "\(status)")
                #expect(try await server.selium("stop", "web").code == 0)
            }
        }
    }

    @Test("a second signal ends the runtime in the grace of its programs, with nobody connected")
    func twice() async throws {
        try await RealServer.withServer { server in
            let watch = try await worker(server, "--", "stubborn")
            #expect(await watch.end(SIGINT) == 130)
            let began = ContinuousClock.now
            server.signal(SIGTERM)
            while try await server.selium("ps").code != 69 {}
            let passed = ContinuousClock.now - began
            server.signal(SIGTERM)
            let code = server.end()
            // Where this machine took so long that the grace was over, there was nothing to end.
            if passed < .seconds(8) { #expect(code == 128 + SIGTERM) }
        }
    }
}
