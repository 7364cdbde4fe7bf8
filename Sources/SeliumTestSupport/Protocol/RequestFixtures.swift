package import SeliumProtocol
package import SwiftProtobuf

/// Requests that use every field there is; a test compares them with the strict reader's table.
package enum RequestFixtures {
    package static let key = [UInt8](repeating: 0xa5, count: 16)

    package static var start: WireRequest {
        var request = header
        var start = WireStart()
        start.module = WireModuleRef(digestBytes: [UInt8](repeating: 3, count: 32))
        start.moduleSize = 4_000
        start.moduleName = "hello.wasm"
        start.entrypoint = "main"
        start.arguments = arguments
        start.results = [.i32, .f64]
        start.argv = ["-v", "x y"]
        start.environment = [
            WireEnvironmentVariable.with {
                $0.name = "A"
                $0.value = "b"
                $0.sensitive = true
            }
        ]
        start.grants = [
            WireGrant.with {
                $0.capability = "TimeRead"
                $0.scope = "x"
            }
        ]
        start.limits.memory = 1 << 20
        start.name = "web"
        start.strict = true
        start.dryRun = false
        start.input = true
        start.attach = log
        start.supervision.restart = .onFailure
        start.supervision.mostRestarts = 5
        start.supervision.backoff.minimumNs = 100_000_000
        start.supervision.backoff.maximumNs = 30_000_000_000
        start.supervision.resetAfterNs = 10_000_000_000
        start.supervision.limit.count = 3
        start.supervision.limit.windowNs = 60_000_000_000
        start.supervision.noRestartOn = [64, 78, 300]
        start.supervision.stopTimeoutNs = 1
        start.removeAtEnd = true
        start.labels = [
            .with {
                $0.key = "tier"
                $0.value = "web"
            }
        ]
        request.start = start
        return request
    }

    /// One of every call, and of every way to name a module or a process.
    package static var all: [WireRequest] {
        var named = header
        named.start.module = WireModuleRef(name: "nothing-here")
        named.start.dryRun = true
        named.start.attach.from = 7
        var stop = header
        stop.stop.process.id = 7
        var list = header
        list.list.processes = [
            WireProcessRef.with { $0.id = 1 }, WireProcessRef.with { $0.name = "web" },
        ]
        list.list.includeEnded = true
        list.list.filters = [
            .with {
                $0.key = .label
                $0.label = "tier"
                $0.values = ["web", "db"]
            }
        ]
        var attach = header
        attach.attach.process.name = "web"
        attach.attach.log = log
        attach.attach.input = true
        var wait = header
        wait.wait.process.id = 9
        wait.wait.until = .running
        var info = header
        info.info = WireInfo()
        var kill = header
        kill.kill.process.id = 7_000_000_000
        var restart = header
        restart.restart.process.name = "web"
        var remove = header
        remove.remove.process.id = 7_000_000_000
        remove.remove.force = true
        var prune = header
        prune.prune = WirePrune()
        var read = header
        read.attach.process.id = 7
        read.attach.log.since = -5
        read.attach.noFollow = true
        var inspect = header
        inspect.inspect.process.name = "web"
        return [
            start, stop, list, attach, wait, info, named, kill, restart, remove, prune, read,
            inspect,
        ] + modules + events
    }

    private static var events: [WireRequest] {
        let starts: [WireReadEvents.OneOf_From] = [.index(7), .since(-5), .end(true)]
        return starts.map { start in
            var read = header
            read.readEvents.from = start
            read.readEvents.noWait = true
            return read
        }
    }

    private static var modules: [WireRequest] {
        var push = header
        push.pushModule.digestBytes = [UInt8](repeating: 3, count: 32)
        push.pushModule.size = 4_000
        push.pushModule.name = "web"
        var list = header
        list.listModules = WireListModules()
        var inspect = header
        inspect.inspectModule.module = WireModuleRef(name: "web")
        var remove = header
        remove.removeModule.module = WireModuleRef(name: "web")
        var collect = header
        collect.collectModules.dryRun = true
        return [push, list, inspect, remove, collect]
    }

    /// The same from somebody who asks for his own namespace and for nothing this version refuses.
    package static var modest: [WireRequest] {
        all.map { request in
            var request = request
            request.namespace = ""
            guard case .start? = request.call else { return request }
            request.start.grants = [.with { $0.capability = "TimeRead" }]
            return request
        }
    }

    /// What may follow a request, as its bytes.
    package static var clientFrames: [[UInt8]] {
        [FrameEncoder.upload([1, 2, 3]), FrameEncoder.input([4, 5])].map { Array($0.dropFirst()) }
    }

    private static var header: WireRequest {
        var request = WireRequest()
        request.requestIDBytes = [1, 2, 3]
        request.namespace = "team"
        request.deadlineMs = 5_000
        request.idempotencyKeyBytes = key
        return request
    }

    private static var log: WireLogRequest {
        WireLogRequest.with {
            $0.tail = 10
            $0.streams = [.stdout, .stderr]
        }
    }

    private static var arguments: [WireArgument] {
        var buffer = WireArgument()
        buffer.kind = .buffer
        buffer.bufferBytes = [1, 2]
        buffer.text = "hex:0102"
        buffer.sensitive = true
        return [
            .with {
                $0.kind = .i8
                $0.signed = -5
            },
            .with {
                $0.kind = .u64
                $0.unsigned = .max
            },
            .with {
                $0.kind = .f32
                $0.f32 = 1.5
            },
            .with {
                $0.kind = .f64
                $0.f64 = -2
            },
            .with {
                $0.kind = .utf8
                $0.utf8 = "é"
            }, buffer,
        ]
    }

    package static func bytes(_ message: some Message) throws -> [UInt8] {
        try message.serializedBytes()
    }
}
