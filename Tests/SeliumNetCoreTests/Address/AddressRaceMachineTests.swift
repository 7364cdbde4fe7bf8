import SeliumNetCore
import SeliumTesting
import Testing

@Suite("The race of addresses", .inTurn())
struct AddressRaceMachineTests {
    @Test("silent addresses are tried one beside the other, a head start apart")
    func silence() {
        var race = AddressRaceMachine(count: 3)
        #expect(race.begin(now: .zero) == .attempt(0, deadline: .milliseconds(250)))
        #expect(race.handleTimeout(now: .milliseconds(249)) == .wait)
        let second = race.handleTimeout(now: .milliseconds(250))
        #expect(second == .attempt(1, deadline: .milliseconds(500)))
        // Once is enough.
        #expect(race.handleTimeout(now: .milliseconds(250)) == .wait)
        #expect(race.handleTimeout(now: .milliseconds(510)) == .attempt(2, deadline: nil))
        #expect(race.handleTimeout(now: .seconds(9)) == .wait)
        #expect(race.attemptFailed(now: .seconds(10)) == .wait)
        #expect(race.attemptFailed(now: .seconds(10)) == .wait)
        #expect(race.attemptFailed(now: .seconds(11)) == .lost)
    }

    @Test("a failure begins the next attempt at once, and that has a head start of its own")
    func failure() {
        var race = AddressRaceMachine(count: 4, headStart: .milliseconds(100))
        _ = race.begin(now: .zero)
        #expect(
            race.attemptFailed(now: .milliseconds(90))
                == .attempt(1, deadline: .milliseconds(190)))
        // The first attempt's head start ends now, and means nothing any more.
        #expect(race.handleTimeout(now: .milliseconds(100)) == .wait)
        #expect(
            race.handleTimeout(now: .milliseconds(190))
                == .attempt(2, deadline: .milliseconds(290)))
        // An older one fails beside a newer one that says nothing.
        #expect(race.attemptFailed(now: .milliseconds(200)) == .attempt(3, deadline: nil))
        #expect(race.handleTimeout(now: .seconds(1)) == .wait)
        #expect(race.attemptFailed(now: .seconds(1)) == .wait)
        #expect(race.attemptFailed(now: .seconds(1)) == .lost)
    }

    @Test("without addresses it is lost, and a single one is waited for alone")
    func few() {
        var none = AddressRaceMachine(count: 0)
        #expect(none.begin(now: .zero) == .lost)
        var one = AddressRaceMachine(count: 1)
        #expect(one.begin(now: .zero) == .attempt(0, deadline: nil))
        #expect(one.attemptFailed(now: .zero) == .lost)
    }

    @Test("whatever happens when, each address is tried once, in order, and the race ends")
    func randomOrder() {
        var random = Seeded(state: 0x8305)
        for _ in 0..<1_000 {
            let count = Int(random.next() % 6)
            var race = AddressRaceMachine(count: count, headStart: .milliseconds(3))
            var now = Duration.zero
            var tried: [Int] = []
            var deadline: Duration?
            var running = 0
            var action = race.begin(now: now)
            var steps = 0
            loop: while true {
                switch action {
                case .attempt(let index, let next):
                    tried.append(index)
                    running += 1
                    deadline = next
                    #expect((next == nil) == (index == count - 1))
                case .wait: #expect(running > 0)
                case .lost: break loop
                }
                steps += 1
                guard steps < 1_000 else { break }
                now += .milliseconds(Int64(random.next() % 3))
                if running > 0, random.next() % 4 == 0 {
                    running -= 1
                    action = race.attemptFailed(now: now)
                } else {
                    action = race.handleTimeout(now: now)
                    if case .attempt = action {
                        #expect(deadline.map { $0 <= now } == true)
                    } else {
                        #expect(deadline.map { $0 > now } ?? true)
                    }
                }
            }
            #expect(action == .lost && running == 0)
            #expect(tried == Array(0..<count))
        }
    }
}
