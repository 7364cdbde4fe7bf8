internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel

extension HostContract {
    static let inspectionChecks: [Check] = [
        Check(description: "inspect tells what a process was started with, and no value of it") {
            fixture in
            let host = fixture.host
            var spec = try await fixture.spec(.lines(2, exit: 7), name: "web", input: true)
            spec.arguments = [
                Argument(value: .utf8("secret"), text: "secret", isSensitive: true),
                Argument(value: .u16(7), text: "7"),
            ]
            spec.argv = ["one", ""]
            spec.environment = [
                EnvironmentVariable(name: "TOKEN", value: "hunter2", isSensitive: true),
                EnvironmentVariable(name: "EMPTY", value: ""),
            ]
            let id = try unwrap(try await host.start(spec, idempotency: nil).id, "id")
            let record = try await host.wait(id)
            let detail = try unwrap(try await host.inspect(id), "detail")
            try equal(detail.status, try unwrap(try await host.status(id), "status"), "status")
            let outline = try unwrap(detail.outline, "outline")
            try equal(
                outline.arguments,
                [
                    .init(kind: .utf8, length: 6, isSensitive: true),
                    .init(kind: .u16, length: 2, isSensitive: false),
                ], "arguments")
            try equal(outline.argvLengths, [3, 0], "argv")
            try equal(
                outline.environment,
                [
                    .init(name: "TOKEN", length: 7, isSensitive: true),
                    .init(name: "EMPTY", length: 0, isSensitive: false),
                ], "environment")
            try expect(outline.takesInput && !outline.isStrict, "flags")
            try expect(!outline.namesModule && !outline.isRemovedAtEnd, "flags")
            try expect(!"\(detail)".contains("hunter2"), "a value is told")
            try expect(!"\(detail)".contains("secret"), "a value is told")
            try equal(detail.ends, [record], "ends")
            try equal(detail.log.oldest, 1, "the oldest record")
            try equal(detail.log.last, record.lastSequence, "the last record")
        },
        Check(
            description: "inspect tells how the newest incarnations ended, and forgets the oldest"
        ) { fixture in
            let restarts = UInt32(Limits.pastEnds) + 2
            var wish = RestartWish()
            wish.mode = .onFailure(most: restarts)
            wish.backOff = try BackOff(minimum: 10_000_000, maximum: 10_000_000)
            let policy = try RestartPolicy(wish)
            let id = try await fixture.start(.lines(1, exit: 7)) { $0.policy = policy }
            fixture.passTime()
            let record = try await fixture.host.wait(id)
            let detail = try unwrap(try await fixture.host.inspect(id), "detail")
            try equal(detail.ends.last, record, "the last end")
            try equal(
                detail.ends.map(\.incarnation),
                Array(restarts + 1 - UInt32(Limits.pastEnds)...restarts + 1), "incarnations")
        },
        Check(description: "labels are kept with a process, while it lives and afterwards") {
            fixture in
            let host = fixture.host
            let labels = ["tier": "web", "zone": ""].sorted { $0.key < $1.key }
                .compactMap { ProcessLabel($0.key, $0.value) }
            let id = try await fixture.start(.echo) {
                $0.labels = labels
                $0.takesInput = true
            }
            try equal(try await host.status(id)?.labels, labels, "labels of a living process")
            _ = try await host.kill(id, idempotency: nil)
            try equal(try await host.status(id)?.labels, labels, "labels of one that ended")
            let plain = try await fixture.start(.lines(1, exit: 0))
            try equal(try await host.status(plain)?.labels, [], "labels of another")
        },
        Check(description: "inspect of a process that is forgotten, or never was, is nothing") {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.lines(1, exit: 0))
            _ = try await host.wait(id)
            try await host.remove(id, force: false, idempotency: nil)
            try equal(try await host.inspect(id), nil, "a removed process")
            let never = try unwrap(ProcessID(9_999_999), "an id")
            try equal(try await host.inspect(never), nil, "an unknown process")
        },
    ]
}
