import SeliumHosting
import SeliumKernel
import SeliumWasm

extension Runtime {
    /// Takes no more starts, ends every incarnation, waits until all records are written, and closes.
    /// Guests that listen for a stop are asked first. Processes with a restart policy begin again with
    /// the next runtime.
    ///
    /// Everything that waits for a process gets its answer first. Call it once, last.
    public func shutDown() async {
        let now = clock.monotonic()
        let (asked, others) = world.withLock { world -> ([RunningProcess], [RunningProcess]) in
            world.isDraining = true
            var asked: [RunningProcess] = []
            var others = world.running
            for id in world.table.livingIDs {
                let process = others[id]
                let action = world.table.shutdownBegan(
                    id, now: now, hasHandler: process?.handles.listensForStop ?? false,
                    grace: Limits.drainGrace)
                switch action {
                // In the grace of an earlier stop, which this one may have made shorter.
                case .wait where world.table.interruption(id) == nil: break
                case .askGuest: break
                default: continue
                }
                if let process { asked.append(process) }
                others[id] = nil
            }
            return (asked, Array(others.values))
        }
        for process in others { process.kill(.runtimeShutdown) }
        for process in asked { ask(process, process.home) }
        // Cancelled or not: records that are not written would make these processes `lost`.
        await Task.detached { [world] in
            _ = try? await world.wait(for: .drained) { world, _ in
                world.running.isEmpty && world.table.isSettled ? true : nil
            }
        }.value
        let waiting = close()
        logs.update { shelf, wakes in
            for id in waiting {
                shelf.finish(id, monotonicTime: now)
                wakes.wake(id)
            }
        }
        await logStore?.close()
        // Nobody takes an id any more: the next runtime goes on right behind the last one.
        let last = world.withLock { $0.ids.lastGiven }
        await withCheckedContinuation { continuation in
            state.reserveIDs(through: last) { _ in continuation.resume() }
        }
        _ = await state.commit { _ in }
        state.close()
    }

    /// Nothing happens any more. Those who wait for processes that begin again with the next runtime
    /// hear that; which those are.
    private func close() -> [ProcessID] {
        let homes = world.update { world, wakes in
            world.isClosed = true
            for id in world.homes.keys {
                wakes.wake(.end(id))
                wakes.wake(.began(id))
            }
            return Array(world.homes.values)
        }
        state.endEvents()
        for home in homes {
            setTimer(home)
            home.input?.close()
        }
        return homes.map(\.id)
    }
}
