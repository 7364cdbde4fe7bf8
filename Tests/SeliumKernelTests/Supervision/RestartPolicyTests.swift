import SeliumABI
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Restart policies", .inTurn())
struct RestartPolicyTests {
    @Test(
        "lengths of time are exact, and what is printed reads back",
        arguments: [
            ("500ms", 500_000_000, "500ms"), ("10s", 10_000_000_000, "10s"),
            ("10", 10_000_000_000, "10s"), ("1.5s", 1_500_000_000, "1500ms"),
            ("90s", 90_000_000_000, "90s"), ("60s", 60_000_000_000, "1m"),
            ("0.5", 500_000_000, "500ms"), ("24h", 86_400_000_000_000, "1d"),
            ("0", 0, "0s"), ("0.000000001s", 1, "1ns"), ("1.50s", 1_500_000_000, "1500ms"),
            ("365d", 365 * 86_400_000_000_000, "365d"), ("0.1m", 6_000_000_000, "6s"),
            ("1.25h", 4_500_000_000_000, "75m"), ("7us", 7_000, "7us"),
        ] as [(String, UInt64, String)])
    func durations(text: String, nanoseconds: UInt64, canonical: String) {
        #expect(DurationText.nanoseconds(text) == nanoseconds)
        #expect(DurationText.text(nanoseconds) == canonical)
        #expect(DurationText.nanoseconds(canonical) == nanoseconds)
    }

    @Test(
        "what is no length of time is none",
        arguments: [
            "", "s", ".5s", "1.s", "1..2s", "-1s", "+1s", "1e3s", " 1s", "1 s", "1S", "1w", "366d",
            "99999999999999999999s", "0.0000000001s", "١s", "1.5ns", "infinity",
        ])
    func noDurations(text: String) {
        #expect(DurationText.nanoseconds(text) == nil)
    }

    @Test("twenty thousand random lengths read back as what they were")
    func randomDurations() {
        var random = SeededRandom(seed: 7)
        var wrong = 0
        for _ in 0..<20_000 {
            let bits = UInt64.random(in: 0...54, using: &random)
            let length = min(DurationText.maximum, random.next() >> (63 - bits))
            if DurationText.nanoseconds(DurationText.text(length)) != length { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test("nothing said means no restart and ten seconds to stop")
    func standard() throws {
        let policy = try RestartPolicy(RestartWish())
        #expect(policy == .standard)
        #expect(policy.description == "--restart no")
        #expect(policy.stopTimeout == 10_000_000_000)
        #expect(BackOff.standard.description == "100ms..30s")
    }

    @Test("every flag reads, and prints in one canonical form that reads back")
    func canonical() throws {
        let wish = try RestartWish(
            restart: "on-failure:20", backOff: "0.5s..60s", resetAfter: "120s",
            restartLimit: "5/60", noRestartOn: "78,64,64", stopTimeout: "0")
        let policy = try RestartPolicy(wish)
        #expect(
            policy.description
                == "--restart on-failure:20 --backoff 500ms..1m --reset-after 2m --restart-limit 5/1m --no-restart-on 64,78 --stop-timeout 0s"
        )
        #expect(try RestartPolicy(policy.wish) == policy)
        #expect(try RestartPolicy(RestartPolicy.standard.wish) == .standard)
        for text in ["no", "on-failure", "on-failure:1", "always", "always:4294967295"] {
            #expect(try RestartMode(text: text).description == text)
        }
        #expect(try RestartPolicy(RestartWish(restart: "no", restartLimit: "none")) == .standard)
    }

    /// The six texts, and words that the refusal must contain.
    struct Refused: Sendable, CustomTestStringConvertible {
        var restart: String?
        var backOff: String?
        var resetAfter: String?
        var limit: String?
        var codes: String?
        var stop: String?
        var names: [String]
        var testDescription: String { names.joined(separator: " ") }
    }

    @Test(
        "contradictions and nonsense are refused, with both sides named",
        arguments: [
            Refused(restart: "no", limit: "5/1m", names: ["--restart-limit", "--restart no"]),
            Refused(limit: "5/1m", names: ["--restart-limit", "--restart no", "default"]),
            Refused(restart: "no", backOff: "1s..2s", names: ["--backoff", "--restart no"]),
            Refused(restart: "no", resetAfter: "5s", names: ["--reset-after", "--restart no"]),
            Refused(restart: "no", codes: "3", names: ["--no-restart-on", "--restart no"]),
            Refused(restart: "always", backOff: "2s..1s", names: ["--backoff", "2s", "1s"]),
            Refused(restart: "always", backOff: "1ms..1s", names: ["--backoff", "1ms", "10ms"]),
            Refused(restart: "always", backOff: "1s..25h", names: ["--backoff", "1d"]),
            Refused(restart: "always", backOff: "1s", names: ["--backoff", "MIN..MAX"]),
            Refused(restart: "on-failure:0", names: ["on-failure:0", "--restart no"]),
            Refused(restart: "always:0", names: ["always:0", "--restart no"]),
            Refused(restart: "on-failure:x", names: ["--restart on-failure", "number"]),
            Refused(restart: "no:3", names: ["--restart"]),
            Refused(restart: "sometimes", names: ["'no', 'on-failure', 'always'"]),
            Refused(
                restart: "on-failure:5", limit: "5/1m",
                names: ["--restart-limit 5/1m", "on-failure:5"]),
            Refused(
                restart: "always", backOff: "10s..1m", limit: "6/1m",
                names: ["--restart-limit 6/1m", "--backoff 10s..1m", "1m"]),
            Refused(restart: "always", limit: "0/1m", names: ["--restart-limit", "--restart no"]),
            Refused(restart: "always", limit: "1001/1m", names: ["--restart-limit", "1000"]),
            Refused(restart: "always", limit: "5/0s", names: ["--restart-limit", "window"]),
            Refused(restart: "always", limit: "5", names: ["--restart-limit", "N/WINDOW"]),
            Refused(restart: "always", resetAfter: "0s", names: ["--reset-after", "--backoff"]),
            Refused(restart: "always", resetAfter: "soon", names: ["--reset-after"]),
            Refused(restart: "always", codes: "", names: ["--no-restart-on"]),
            Refused(restart: "always", codes: "1,,2", names: ["--no-restart-on"]),
            Refused(restart: "always", codes: "-1", names: ["--no-restart-on"]),
            Refused(restart: "always", codes: "4294967296", names: ["--no-restart-on"]),
            Refused(stop: "61m", names: ["--stop-timeout", "1h"]),
        ])
    func refusals(_ refused: Refused) throws {
        let error = #expect(throws: KernelError.self) {
            _ = try RestartPolicy(
                RestartWish(
                    restart: refused.restart, backOff: refused.backOff,
                    resetAfter: refused.resetAfter, restartLimit: refused.limit,
                    noRestartOn: refused.codes, stopTimeout: refused.stop))
        }
        #expect(error?.code == .invalid)
        for name in refused.names { #expect(error?.description.contains(name) == true) }
    }

    @Test("a limit that can just be reached is accepted")
    func reachable() throws {
        let wish = try RestartWish(
            restart: "on-failure:6", backOff: "10s..1m", restartLimit: "5/1m")
        #expect(try RestartPolicy(wish).limit?.description == "5/1m")
    }

    @Test(
        "a wait lies between its bounds, reaches both halves, and its ceiling doubles",
        arguments: [(UInt64(100), UInt64(30_000)), (10, 86_400_000), (1_000, 1_000)])
    func jitter(minimum: UInt64, maximum: UInt64) throws {
        let backOff = try BackOff(minimum: minimum * 1_000_000, maximum: maximum * 1_000_000)
        var random = SeededRandom(seed: 3)
        var same = SeededRandom(seed: 3)
        var other = SeededRandom(seed: 4)
        var differs = false
        for attempt in UInt32(1)...40 {
            let ceiling = backOff.ceiling(attempt: attempt)
            let exact = attempt < 30 ? min(maximum, minimum << attempt) : maximum
            #expect(ceiling == exact * 1_000_000)
            var low = 0
            for _ in 0..<200 {
                let delay = backOff.delay(attempt: attempt, using: &random)
                #expect(delay >= backOff.minimum && delay <= ceiling)
                #expect(delay == backOff.delay(attempt: attempt, using: &same))
                if delay != backOff.delay(attempt: attempt, using: &other) { differs = true }
                if delay <= backOff.minimum + (ceiling - backOff.minimum) / 2 { low += 1 }
            }
            if ceiling > backOff.minimum { #expect((60...140).contains(low)) }
        }
        #expect(differs == (minimum < maximum))
        #expect(backOff.ceiling(attempt: .max) == backOff.maximum)
    }

    @Test("ps shows how long and which of how many; never 0.0s before the time")
    func backOffText() {
        let status = BackOffStatus(until: 5_000_000_000, attempt: 4, of: 5)
        #expect(status.text(now: 1_800_000_000) == "backing-off 3.2s (4/5)")
        #expect(status.text(now: 4_999_999_999) == "backing-off 0.1s (4/5)")
        #expect(status.text(now: 5_000_000_000) == "backing-off 0.0s (4/5)")
        #expect(status.text(now: 9_000_000_000) == "backing-off 0.0s (4/5)")
        #expect(
            BackOffStatus(until: 61_000_000_000, attempt: 1, of: nil).text(now: 0)
                == "backing-off 61.0s (1)")
        #expect(
            BackOffStatus(until: .max, attempt: 1, of: nil).text(now: 0)
                == "backing-off 18446744073.8s (1)")
    }
}
