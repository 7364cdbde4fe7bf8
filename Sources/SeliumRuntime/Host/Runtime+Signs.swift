import SeliumHosting
import SeliumKernel

/// What one incarnation tells about itself, on a guest thread in the guest's own turn.
struct IncarnationSupervision: GuestSupervision {
    let runtime: Runtime
    let process: RunningProcess

    func becameReady() { runtime.becameReady(process) }

    func heartbeat(within interval: UInt64?) { runtime.heartbeat(process, within: interval) }
}

// Signs of life.
extension Runtime {
    /// A guest is ready: from now on it counts as healthy when it goes on for long enough.
    func becameReady(_ process: RunningProcess) {
        guard process.noteReady() else { return }
        let now = clock.monotonic()
        world.update { world, wakes in
            guard world.running[process.id] === process,
                world.table.becameReady(process.id, now: now)
            else { return }
            wakes.wake(.began(process.id))
        }
    }

    /// A guest lives, and may have promised to say so again.
    func heartbeat(_ process: RunningProcess, within interval: UInt64?) {
        let now = clock.monotonic()
        guard process.note(.init(at: now, interval: interval)) else { return }
        world.withLock { world in
            guard world.running[process.id] === process else { return }
            world.table.receivedHeartbeat(process.id, promising: interval, now: now)
        }
        setTimer(process.home)
    }
}
