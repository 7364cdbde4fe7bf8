import SeliumABI
import SeliumKernel
import SeliumTesting
import Testing

@Suite("Handles", .inTurn())
struct HandleTableTests {
    private func open<Target>(
        _ target: Target, in table: inout HandleTable<Target>
    ) throws -> GuestHandle {
        let handle = table.open(target)
        return try #require(handle)
    }

    @Test("a handle is never 0 and never a descriptor, and says its place and generation")
    func numbers() throws {
        #expect(GuestHandle(rawValue: 0) == nil)
        #expect(GuestHandle(rawValue: 3) == nil)
        #expect(GuestHandle(rawValue: 1 << 20 - 1) == nil)
        let first = try #require(GuestHandle(rawValue: 1 << 20))
        #expect(first.index == 0)
        #expect(first.generation == 1)
        let last = try #require(GuestHandle(rawValue: .max))
        #expect(last.index == GuestHandle.indexCount - 1)
        #expect(last.generation == GuestHandle.lastGeneration)
        #expect(GuestHandle(index: 5, generation: 0) == nil)
        #expect(GuestHandle(index: 1 << 20, generation: 1) == nil)
        #expect(GuestHandle(index: 0, generation: 1 << 12) == nil)
        let some = try #require(GuestHandle(index: 7, generation: 9))
        #expect(some.rawValue == UInt32(9 << 20 | 7))
    }

    @Test("what is open is found, what is closed, stale or foreign is not")
    func lookups() throws {
        var table = HandleTable<String>()
        let one = try open("one", in: &table).rawValue
        let two = try open("two", in: &table).rawValue
        #expect(one != two)
        #expect(table.target(one) == "one")
        #expect(table.target(two) == "two")
        for number in [0, 1, 2, 1 << 20 - 1, two + 1, one + 1 << 20, .max] as [UInt32] {
            #expect(table.target(number) == nil, "\(number)")
            #expect(table.close(number) == nil, "\(number)")
        }
        #expect(table.close(one) == "one")
        #expect(table.target(one) == nil)
        #expect(table.close(one) == nil)
        let again = try open("again", in: &table).rawValue
        #expect(again != one)
        #expect(again & (1 << 20 - 1) == one & (1 << 20 - 1), "the place, not the number")
        #expect(table.target(one) == nil)
        #expect(table.count == 2)
    }

    @Test("places come back in the order in which they were given back")
    func order() throws {
        var table = HandleTable<Int>()
        let handles = try (0..<4).map { try open($0, in: &table) }
        for index in [2, 0, 3] { #expect(table.close(handles[index].rawValue) == index) }
        let places = try (0..<4).map { try open($0, in: &table).index }
        #expect(places == [2, 0, 3, 4])
    }

    @Test("no more than the capacity are open at once")
    func capacity() throws {
        var table = HandleTable<Int>(capacity: 3)
        let handles = try (0..<3).map { try open($0, in: &table) }
        #expect(table.open(3) == nil)
        #expect(table.close(handles[1].rawValue) == 1)
        #expect(table.open(3) != nil)
        #expect(table.open(4) == nil)
    }

    @Test("no number comes twice: a place whose generations are used up is left")
    func generations() throws {
        var table = HandleTable<Int>(capacity: 1)
        var seen: Set<UInt32> = []
        for turn in 0..<10_000 {
            let number = try open(turn, in: &table).rawValue
            let isNew = seen.insert(number).inserted
            #expect(isNew)
            #expect(table.close(number) == turn)
        }
        #expect(Set(seen.map { $0 & (1 << 20 - 1) }) == [0, 1, 2])
    }
}
