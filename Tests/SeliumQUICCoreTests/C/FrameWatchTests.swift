import CQUICTLS
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("The frame watch", .inTurn())
struct FrameWatchTests {
    private func scan(_ frames: [UInt8], packet: UInt64 = 1) -> quicwatch {
        var watch = quicwatch()
        unsafe quicwatch_scan(&watch, packet, frames, frames.count)
        return watch
    }

    /// What stands before the counted frame: every other kind, once.
    private static let others: [UInt8] =
        [0, 0, 0] + [2, 9, 0, 1, 2, 0, 3] + [3, 9, 0, 0, 2, 1, 2, 3] + [6, 0, 2, 7, 7]
        + [7, 1, 9] + [0x0a, 4, 2, 8, 8] + [0x0e, 4, 1, 1, 8] + [0x10, 5] + [0x11, 4, 5]
        + [0x12, 5] + [0x13, 5] + [0x14, 5] + [0x15, 4, 5] + [0x16, 5] + [0x17, 5]
        + [0x1b, 1, 2, 3, 4, 5, 6, 7, 8] + [0x1e]

    @Test("counts each cheap frame, wherever in the packet it stands")
    func counts() {
        let frames =
            Self.others + [1] + [4, 4, 0, 0] + [5, 8, 0x40, 0x63] + [0x1a, 1, 2, 3, 4, 5, 6, 7, 8]
            + [0x18, 1, 0, 4, 1, 2, 3, 4] + [UInt8](repeating: 9, count: 16) + [0x19, 0]
            + Self.others + [1]
        let watch = scan(frames)
        #expect(watch.pings == 2)
        #expect(watch.resets == 2)
        #expect(watch.challenges == 1)
        #expect(watch.connection_ids == 2)
        #expect(watch.stop_count == 1)
        let stop = unsafe quicwatch_stops()[0]
        #expect(stop.stream == 8)
        #expect(stop.code == 99)
    }

    @Test("a stream frame without a length is the last one")
    func openEnded() {
        #expect(scan([0x08, 4, 1, 1, 1, 1]).pings == 0)
        #expect(scan([0x0c, 4, 9, 1, 1, 1]).pings == 0)
    }

    @Test("a copy of a packet counts once, another packet again")
    func copies() {
        var watch = quicwatch()
        for _ in 0..<10 { unsafe quicwatch_scan(&watch, 7, [1], 1) }
        #expect(watch.pings == 1)
        unsafe quicwatch_scan(&watch, 8, [1], 1)
        #expect(watch.pings == 2)
    }

    @Test("copies of packets of any age do not count, however many there are")
    func oldCopies() {
        var watch = quicwatch()
        for number in 0..<5_000 as Range<UInt64> { unsafe quicwatch_scan(&watch, number, [1], 1) }
        #expect(watch.pings == 5_000)
        for number in 0..<5_000 as Range<UInt64> { unsafe quicwatch_scan(&watch, number, [1], 1) }
        #expect(watch.pings == 5_000)
    }

    @Test("packets out of order count once each, and so do numbers that were left out for later")
    func holes() {
        var watch = quicwatch()
        // Downwards, from far above: all are below the window in the end, and new.
        for number in (0..<5_000 as Range<UInt64>).reversed() {
            unsafe quicwatch_scan(&watch, number, [1], 1)
        }
        #expect(watch.pings == 5_000)
        // None is left that never came.
        for number in 0..<5_000 as Range<UInt64> { unsafe quicwatch_scan(&watch, number, [1], 1) }
        #expect(watch.pings == 5_000)
        // Every other one within the window, then what is between them.
        for number in stride(from: 5_000 as UInt64, to: 6_000, by: 2) {
            unsafe quicwatch_scan(&watch, number, [1], 1)
        }
        for number in stride(from: 5_001 as UInt64, to: 6_000, by: 2) {
            unsafe quicwatch_scan(&watch, number, [1], 1)
        }
        #expect(watch.pings == 6_000)
        for number in 5_000..<6_000 as Range<UInt64> {
            unsafe quicwatch_scan(&watch, number, [1], 1)
        }
        #expect(watch.pings == 6_000)
    }

    @Test("stops at what it does not understand, and never reads beyond the end")
    func malformed() {
        #expect(scan([0x21, 1, 1]).pings == 0)
        #expect(scan([2, 9, 0, 0xbf, 0xff, 0xff, 0xff, 0, 1, 1, 1]).pings == 0)
        #expect(scan([6, 0, 0xff]).pings == 0)
        var random = SeededRandom(seed: 6)
        for _ in 0..<50_000 {
            var frames = random.bytes(Int.random(in: 0...80, using: &random))
            if !frames.isEmpty { frames[0] &= 0x1f }
            let watch = scan(frames, packet: random.next())
            #expect(watch.stop_count <= 80)
        }
    }
}
