import SeliumNetCore
import SeliumTesting
import Testing

@Suite("The pool of sockets to a DNS server", .inTurn())
struct DNSSocketPoolTests {
    /// Plays a driver: what is open, and how often each was used.
    private struct Driver {
        var open: Set<Int> = []
        var uses: [Int: Int] = [:]
        var last = 0
        var most = 0

        mutating func send(_ pool: inout DNSSocketPool, now: UInt64, _ random: inout Seeded) {
            let choice = pool.choose(now: now, patience: 5, using: &random) {
                last += 1
                return last
            }
            switch choice {
            case .open(let number):
                #expect(open.insert(number).inserted)
                uses[number, default: 0] += 1
            case .use(let number):
                #expect(open.contains(number))
                uses[number, default: 0] += 1
            }
            for number in pool.takeClosed(now: now, patience: 5) {
                #expect(open.remove(number) != nil)
            }
            #expect(pool.openCount == open.count)
            most = max(most, open.count)
        }
    }

    @Test("no socket is used more often or for longer than allowed, and all are used")
    func limits() {
        var random = Seeded(state: 0x9001)
        var pool = DNSSocketPool(size: 16, queries: 64, lifetime: 1_000)
        var driver = Driver()
        for now in 0..<20_000 as Range<UInt64> { driver.send(&pool, now: now, &random) }
        #expect(driver.uses.values.allSatisfy { $0 <= 64 })
        #expect(driver.uses.values.filter { $0 == 64 }.count > 50)
        // 16 in use and those that answers may still come to.
        #expect(driver.most >= 16 && driver.most <= 16 + 6)
        #expect(driver.last > 20_000 / 64)
    }

    @Test("time alone closes sockets, after what is waited for")
    func lifetime() {
        var random = Seeded(state: 0x9002)
        var pool = DNSSocketPool(size: 4, queries: 1_000, lifetime: 100)
        var driver = Driver()
        driver.send(&pool, now: 0, &random)
        #expect(pool.nextDeadline == 100)
        #expect(pool.takeClosed(now: 99, patience: 5).isEmpty)
        #expect(pool.takeClosed(now: 100, patience: 5).isEmpty)
        #expect(pool.nextDeadline == 105 && pool.openCount == 1)
        #expect(pool.takeClosed(now: 105, patience: 5) == [1])
        #expect(pool.nextDeadline == nil && pool.openCount == 0)
    }

    @Test("however fast queries come, the sockets that are open stay few")
    func burst() {
        var random = Seeded(state: 0x9004)
        var pool = DNSSocketPool()
        var driver = Driver()
        for _ in 0..<100_000 { driver.send(&pool, now: 7, &random) }
        #expect(driver.most == DNSSocketPool.usualSize + DNSSocketPool.maximumRetired)
        // Once nothing is waited for at the old ones, those that were used too often are replaced.
        for _ in 0..<1_000 { driver.send(&pool, now: 20, &random) }
        #expect(driver.last > 80 + 10)
    }

    @Test("one socket for ever is possible too")
    func fixed() {
        var random = Seeded(state: 0x9003)
        var pool = DNSSocketPool(size: 1, queries: .max, lifetime: .max)
        var driver = Driver()
        for now in 0..<5_000 as Range<UInt64> { driver.send(&pool, now: now * 1_000_000, &random) }
        #expect(driver.uses == [1: 5_000] && pool.nextDeadline == nil)
    }

    @Test("a socket that could not be opened, or was closed early, is not chosen again")
    func forgotten() {
        var random = Seeded(state: 0x9004)
        var pool = DNSSocketPool(size: 1, queries: 2, lifetime: .max)
        #expect(pool.choose(now: 0, patience: 5, using: &random) { 1 } == .open(1))
        #expect(!pool.isRetired(1))
        pool.remove(1)
        #expect(pool.openCount == 0 && pool.nextDeadline == nil)
        #expect(pool.choose(now: 0, patience: 5, using: &random) { 2 } == .open(2))
        #expect(pool.choose(now: 0, patience: 5, using: &random) { 3 } == .use(2))
        #expect(pool.isRetired(2) && pool.openCount == 1)
        pool.remove(2)
        #expect(pool.takeClosed(now: 5, patience: 5).isEmpty)
    }
}
