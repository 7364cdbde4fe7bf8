import DequeModule

/// Who runs next: guests that were woken (hot) before guests that used up their slice (cold).
///
/// Hot first, because a guest that waits for input uses little and answers somebody; but at most
/// `hotBurst` nanoseconds or `hotCount` guests in a row while a cold one waits, so that no number of
/// busy talkers stops those that compute.
///
/// Before both go the urgent ones: guests that were killed, which only have to be taken down.
struct RunQueue<Element> {
    private var urgent = Deque<Element>()
    private var hot = Deque<Element>()
    private var cold = Deque<Element>()
    /// Since a cold one ran.
    private var hotNanoseconds: UInt64 = 0
    private var hotTaken = 0

    private let hotBurst: UInt64
    private let hotCount: Int

    init(hotBurst: UInt64, hotCount: Int) {
        self.hotBurst = hotBurst
        self.hotCount = hotCount
    }

    var isEmpty: Bool { urgent.isEmpty && hot.isEmpty && cold.isEmpty }
    var count: Int { urgent.count + hot.count + cold.count }

    mutating func pushUrgent(_ element: Element) { urgent.append(element) }
    mutating func pushHot(_ element: Element) { hot.append(element) }
    mutating func pushCold(_ element: Element) { cold.append(element) }

    /// The next one, nil when there is none.
    mutating func pop() -> Element? {
        if let next = urgent.popFirst() { return next }
        let coldIsDue = hotNanoseconds >= hotBurst || hotTaken >= hotCount
        if !cold.isEmpty, hot.isEmpty || coldIsDue {
            hotNanoseconds = 0
            hotTaken = 0
            return cold.popFirst()
        }
        guard let next = hot.popFirst() else { return nil }
        if cold.isEmpty {
            hotNanoseconds = 0
            hotTaken = 0
        } else {
            hotTaken += 1
        }
        return next
    }

    /// Bills a step: what runs while a cold one waits counts against the hot ones.
    mutating func account(_ nanoseconds: UInt64) {
        guard !cold.isEmpty else { return }
        hotNanoseconds &+= nanoseconds
    }
}
