import SeliumTesting
import Testing

@testable import SeliumWasm

@Suite("The run queue", .inTurn())
struct RunQueueTests {
    @Test("puts the woken before those that used their slice, and the killed before both")
    func order() {
        var queue = RunQueue<String>(hotBurst: 1_000, hotCount: 10)
        queue.pushCold("cold")
        queue.pushHot("hot")
        queue.pushUrgent("urgent")
        #expect(
            [queue.pop(), queue.pop(), queue.pop(), queue.pop()] == ["urgent", "hot", "cold", nil])
    }

    @Test("lets a cold one run after so many hot ones")
    func burstByCount() {
        var queue = RunQueue<Int>(hotBurst: .max, hotCount: 3)
        queue.pushCold(0)
        for number in 1...10 { queue.pushHot(number) }
        #expect((0..<4).map { _ in queue.pop() } == [1, 2, 3, 0])
    }

    @Test("lets a cold one run after so much time of hot ones")
    func burstByTime() {
        var queue = RunQueue<Int>(hotBurst: 100, hotCount: 1_000)
        queue.pushCold(0)
        for number in 1...10 { queue.pushHot(number) }
        #expect(queue.pop() == 1)
        queue.account(60)
        #expect(queue.pop() == 2)
        queue.account(60)
        #expect(queue.pop() == 0)
        #expect(queue.pop() == 3)
    }
}
