internal import HeapModule

extension ResolverDriver.State {
    /// What the machine wants done after something has happened.
    mutating func pump(_ now: UInt64, for driver: ResolverDriver) -> ResolverDriver.Work {
        var work = ResolverDriver.Work()
        while let transmission = machine.pollTransmission() {
            if transmission.isStream {
                queued.append(transmission)
            } else {
                dispatch(transmission, now, for: driver, &work)
            }
        }
        startStreams(driver.options.maximumStreams, &work)
        while let (lookup, outcome) = machine.pollOutcome() { end(lookup, outcome, &work) }
        work.alarm = nextAlarm()
        return work
    }

    /// A lookup has ended.
    mutating func end(
        _ lookup: DNSLookup, _ outcome: DNSOutcome, _ work: inout ResolverDriver.Work
    ) {
        switch waiting[lookup] {
        case .begun: waiting[lookup] = .ended(outcome)
        case .waits(let continuation):
            waiting[lookup] = nil
            work.ended.append((continuation, outcome))
        case .ended, nil: break
        }
    }

    /// Adds a deadline; the heap stays in proportion to those who wait.
    mutating func insert(_ deadline: ResolverDriver.Deadline) {
        deadlines.insert(deadline)
        guard deadlines.count > ResolverDriver.fewDeadlines + 2 * waiting.count else { return }
        deadlines = Heap(deadlines.unordered.filter { waiting[$0.lookup] != nil })
    }

    /// When to wake up, if that is sooner than the reactor knows.
    private mutating func nextAlarm() -> UInt64? {
        let next = min(
            machine.nextDeadline() ?? .max, deadlines.min?.moment ?? .max, poolDeadline)
        guard next < armed else { return nil }
        armed = next
        return next
    }
}
