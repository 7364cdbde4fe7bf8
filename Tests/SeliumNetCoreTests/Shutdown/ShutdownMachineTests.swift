import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Graceful shutdown, the machine", .inTurn())
struct ShutdownMachineTests {
    @Test("every token is told once, and who comes later at once")
    func tokens() throws {
        var machine = ShutdownMachine()
        guard case .wait(let first) = machine.addToken(),
            case .wait(let second) = machine.addToken(),
            case .wait(let third) = machine.addToken()
        else {
            Issue.record("told before it began")
            return
        }
        machine.remove(second)
        #expect(machine.phase == .running)
        #expect(machine.initiate() == [first, third])
        #expect(machine.initiate().isEmpty)
        #expect(machine.addToken() == .tellNow)
        #expect(machine.phase == .drained)
    }

    @Test("the drain ends with the last work, however often an end is reported")
    func drain() throws {
        var machine = ShutdownMachine()
        let work = (0..<3).map { _ in machine.track() }
        _ = machine.initiate()
        #expect(machine.phase == .draining(remaining: 3))
        guard case .wait(let waiter) = machine.wait(until: 100, now: 0),
            case .wait(let other) = machine.wait(until: 50, now: 0)
        else {
            Issue.record("nothing to wait for")
            return
        }
        #expect(machine.nextDeadline == 50)
        #expect(machine.ended(work[0]).isEmpty && machine.ended(work[0]).isEmpty)
        // What is under way may need more to finish.
        let more = machine.track()
        #expect(machine.ended(work[1]).isEmpty && machine.ended(work[2]).isEmpty)
        #expect(machine.workCount == 1)
        #expect(machine.ended(more) == [waiter, other])
        #expect(machine.phase == .drained && machine.nextDeadline == nil)
        #expect(machine.wait(until: 0, now: 9) == .finish(.drained))
        #expect(machine.handleTimeouts(now: 1_000).isEmpty)
    }

    @Test("a deadline ends the wait of whom it belongs to, and says what is left")
    func deadlines() throws {
        var machine = ShutdownMachine()
        let work = machine.track()
        #expect(machine.wait(until: 5, now: 5) == .finish(.expired(remaining: 1)))
        guard case .wait(let early) = machine.wait(until: 10, now: 0),
            case .wait(let late) = machine.wait(until: 20, now: 0),
            case .wait(let gone) = machine.wait(until: 10, now: 0)
        else {
            Issue.record("nothing to wait for")
            return
        }
        machine.remove(gone)
        #expect(machine.handleTimeouts(now: 9).isEmpty)
        #expect(machine.handleTimeouts(now: 10) == [early])
        #expect(machine.nextDeadline == 20 && machine.workCount == 1)
        #expect(machine.ended(work) == [late])
    }

    @Test("whatever the order of events, nobody is told twice and nobody is forgotten")
    func randomOrder() {
        var random = Seeded(state: 0x5D)
        for _ in 0..<500 {
            var machine = ShutdownMachine()
            var work: [ShutdownMachine.Work] = []
            var waiting: Set<ShutdownMachine.Waiter> = []
            var tokens: Set<ShutdownMachine.Token> = []
            var now: UInt64 = 0
            for _ in 0..<60 {
                switch random.next() % 6 {
                case 0: work.append(machine.track())
                case 1:
                    guard let piece = work.popLast() else { continue }
                    let woken = machine.ended(piece)
                    #expect(woken.isEmpty || work.isEmpty)
                    if work.isEmpty { #expect(Set(woken) == waiting) }
                    waiting.subtract(woken)
                case 2:
                    if case .wait(let token) = machine.addToken() { tokens.insert(token) }
                case 3 where random.next() % 4 == 0:
                    let told = machine.initiate()
                    #expect(Set(told) == tokens && told.count == tokens.count)
                    tokens = []
                case 4:
                    let deadline = now + random.next() % 5
                    switch machine.wait(until: deadline, now: now) {
                    case .wait(let waiter): waiting.insert(waiter)
                    case .finish(.drained): #expect(work.isEmpty)
                    case .finish(.expired(let remaining)): #expect(remaining == work.count)
                    }
                default:
                    now += random.next() % 3
                    let woken = machine.handleTimeouts(now: now)
                    #expect(waiting.isSuperset(of: woken))
                    waiting.subtract(woken)
                    if let next = machine.nextDeadline { #expect(next > now) }
                    #expect((machine.nextDeadline == nil) == waiting.isEmpty)
                }
                #expect(machine.workCount == work.count)
            }
        }
    }
}
