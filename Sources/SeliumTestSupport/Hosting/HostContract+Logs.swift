internal import SeliumHosting
internal import SeliumKernel

extension HostContract {
    static let logChecks: [Check] = [
        Check(description: "the log is what was written, between a begin and an end record") {
            fixture in
            let id = try await fixture.start(.lines(300, exit: 7))
            let chunks = try await fixture.wholeLog(id)
            let expected = (1...300).map { "line \($0)\n" }.joined()
            try equal(chunks.text(.stdout), expected, "stdout")
            try equal(chunks.first?.content, .system(.began(incarnation: 1)), "first record")
            let record = try await fixture.host.wait(id)
            try equal(chunks.last?.content, .system(.ended(record)), "last record")
            try equal(chunks.last?.last, record.lastSequence, "last sequence")
            try equal(record.lastSequence, 302, "records: 300 lines, begin and end")
        },
        Check(description: "stdout and stderr keep their order, and a rest is a partial record") {
            fixture in
            let id = try await fixture.start(.bothStreams)
            let text = try await fixture.wholeLog(id).filter { $0.stream != .system }
            try equal(text.map(\.stream), [.stdout, .stderr, .stdout], "streams")
            try equal(text.text(.stdout), "out\nrest", "stdout")
            try equal(text.text(.stderr), "err\n", "stderr")
            try equal(text.map(\.isPartial), [false, false, true], "partial")
            try equal(text.map(\.count), [1, 1, 1], "records")
        },
        Check(description: "a reader may ask for last + 1, and no further") { fixture in
            let host = fixture.host
            let id = try await fixture.start(.lines(3, exit: 0))
            let last = try await host.wait(id).lastSequence
            let end = try await host.readLog(id, from: last + 1, atMost: 100)
            try equal(end, LogBatch(items: [], next: last + 1, isEnd: true), "the end")
            let error = try await fails(.outOfRange) { () async throws(HostError) in
                try await host.readLog(id, from: last + 2, atMost: 100)
            }
            try equal(error.range, LogRange(oldest: 1, last: last), "range")
            try equal(try await host.readLog(id, from: last, atMost: 100).items.count, 1, "items")
        },
        Check(description: "who has heard of an end finds it in the log, and the other way round") {
            fixture in
            let host = fixture.host
            for round in 0..<60 {
                let id = try await fixture.start(.lines(1, exit: 0))
                if round.isMultiple(of: 2) {
                    let last = try await host.wait(id).lastSequence
                    let next = try await host.logPosition(id, tail: 0, streams: [])
                    try equal(next, last + 1, "the log's next sequence after the end")
                } else {
                    _ = try await fixture.wholeLog(id)
                    let state = try await host.status(id)?.state
                    try equal(state?.hasEnded, true, "ended")
                }
            }
        },
        Check(description: "a reader in the middle of a chunk gets the chunk") { fixture in
            let id = try await fixture.start(.lines(300, exit: 0))
            _ = try await fixture.host.wait(id)
            let batch = try await fixture.host.readLog(id, from: 150, atMost: 1)
            guard case .chunk(let chunk) = batch.items.first, batch.items.count == 1 else {
                throw Violation(description: "\(batch.items.count) items instead of one chunk")
            }
            try expect(
                chunk.first <= 150 && chunk.last >= 150,
                "150 is not in \(chunk.first)…\(chunk.last)")
            try equal(batch.next, chunk.last + 1, "next")
        },
        Check(description: "a reader of a silent process waits, and a cancel ends it") { fixture in
            let host = fixture.host
            let id = try await fixture.start(.endless)
            let next = try await host.readLog(id, from: 1, atMost: 1).next
            let waiting = Task { () -> HostError? in
                do throws(HostError) {
                    _ = try await host.readLog(id, from: next, atMost: 1)
                } catch { return error }
                return nil
            }
            waiting.cancel()
            try equal(await waiting.value?.code, .cancelled, "what the read failed with")
            _ = try await host.stop(id, idempotency: nil)
        },
        Check(description: "a reader that waits gets what comes, and the end") { fixture in
            let host = fixture.host
            let id = try await fixture.start(.echo, input: true)
            let reading = Task { try await fixture.wholeLog(id) }
            let claim = try await host.openInput(id)
            for word in ["one\n", "two\n", "three\n"] {
                try await host.writeInput(claim, Array(word.utf8), end: word == "three\n")
            }
            try equal(try await reading.value.text(.stdout), "one\ntwo\nthree\n", "stdout")
        },
        Check(description: "tail counts records of the streams it is asked for, not begin and end")
        {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.lines(20, exit: 0))
            _ = try await host.wait(id)
            func tail(_ count: Int?, _ streams: Set<LogStream>) async throws -> UInt64 {
                try await host.logPosition(id, tail: count, streams: streams)
            }
            // 1 is the begin record, 2…21 are the lines, 22 the end.
            try equal(try await tail(10, Set(LogStream.allCases)), 12, "the last ten")
            try equal(try await tail(3, [.stdout]), 19, "the last three lines")
            try equal(try await tail(0, [.stdout]), 23, "none")
            try equal(try await tail(nil, [.stdout]), 1, "all")
            try equal(try await tail(1_000, [.stdout]), 1, "more than there are")
            try equal(try await tail(5, [.stderr]), 1, "of a silent stream")
            try equal(try await host.logPosition(id, .since(.min)), 1, "since ever")
            try equal(try await host.logPosition(id, .since(.max)), 23, "since never")
            try equal(try await host.logPosition(id, .oldest), 1, "the oldest")
            try equal(try await host.logPosition(id, .end), 23, "the end")
        },
    ]
}
