/// A queue in an array: what was taken is given back when it is more than what is left.
struct Fifo<Element> {
    private var items: [Element] = []
    private var head = 0

    var count: Int { items.count - head }
    var first: Element? { head < items.count ? items[head] : nil }

    mutating func append(_ element: Element) { items.append(element) }

    mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        let element = items[head]
        head += 1
        if head == items.count {
            // What was taken is not kept until more comes, nor the room that a flood needed.
            items.removeAll(keepingCapacity: head <= 64)
            head = 0
        } else if head > 64, head > items.count / 2 {
            items.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        items = items[head...].filter { !isUnwanted($0) }
        head = 0
    }
}

extension Fifo: Sendable where Element: Sendable {}
