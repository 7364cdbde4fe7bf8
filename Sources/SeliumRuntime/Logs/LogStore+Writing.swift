import Dispatch
import Glibc
import Logging
import SeliumHosting
import SeliumKernel
import Synchronization

// On the writer's queue.
extension LogStore {
    /// Writes until nothing waits.
    func drain() {
        while true {
            let group = books.withLock { books -> [ProcessID] in
                defer { books.queue = [] }
                for id in books.queue { books.logs[id]?.isQueued = false }
                if books.queue.isEmpty { books.isDraining = false }
                return books.queue
            }
            guard !group.isEmpty else { return }
            let hasRoom = hasRoom()
            for id in group {
                guard hasRoom else {
                    hold(id, becauseOf: nil)
                    continue
                }
                desk.withLock { write(id, &$0) }
            }
        }
    }

    /// Writes what the shelf has more of one log, as far as one turn goes.
    private func write(_ id: ProcessID, _ desk: inout WriterDesk) {
        guard let next = books.withLock({ $0.logs[id]?.next }) else { return }
        // nil: nothing new, or the log was forgotten meanwhile.
        let batch = shelf.withLock { shelf in
            try? shelf.read(id, from: next, atMost: Self.turn)
        }
        guard let batch else { return }
        if let error = put(batch, of: id, &desk) { return hold(id, becauseOf: error) }
        let position = max(batch.next, next)
        books.withLock { $0.logs[id]?.next = position }
        let more = shelf.withLock { shelf -> Bool in
            shelf.wasWritten(id, before: position, keeping: configuration.cached)
            return shelf.next(id) > position
        }
        if batch.isEnd {
            desk.close(id)
            books.withLock { books in
                books.logs[id]?.active = nil
                books.ledger.ended(id)
            }
        } else if more {
            requeue(id)
        }
    }

    /// Its turn is over and it has more.
    private func requeue(_ id: ProcessID) {
        books.withLock { books in
            guard books.logs[id]?.isQueued == false else { return }
            books.logs[id]?.isQueued = true
            books.queue.append(id)
        }
    }

    /// Writes a batch; the error when the disk takes nothing now. What is wrong with one log only
    /// costs that one a gap at most, and nobody else anything.
    private func put(
        _ batch: LogBatch, of id: ProcessID, _ desk: inout WriterDesk
    ) -> SystemError? {
        var failure: SystemError?
        // Somebody may have moved its files away: once more, in a new one.
        for _ in 0..<2 {
            do throws(SystemError) {
                try write(batch, of: id, &desk)
                return nil
            } catch {
                if error.concernsDisk { return error }
                failure = error
            }
        }
        logger.error(
            "a log cannot be written",
            metadata: ["process": "\(id)", "error": "\(failure?.description ?? "")"])
        return nil
    }

    private func write(
        _ batch: LogBatch, of id: ProcessID, _ desk: inout WriterDesk
    ) throws(SystemError) {
        var pending = Pending()
        let written = books.withLock { $0.logs[id]?.next ?? 0 }
        for item in batch.items {
            // What memory had to let go of before it was written is missing here, too: a gap.
            guard case .chunk(let chunk) = item, chunk.first >= written else { continue }
            let frame = SegmentFrame(chunk)
            if shouldRotate(id, pending.bytes.count + frame.byteCount) {
                try flush(&pending, of: id, &desk)
                if shouldRotate(id, frame.byteCount) {
                    try begin(SegmentFile(process: id, firstSequence: frame.first), &desk)
                }
            }
            if pending.isEmpty { pending.offset = desk.works[id]?.writer.byteCount ?? 0 }
            do {
                try desk.works[id]?.writer.append(frame, to: &pending.bytes)
                pending.last = frame.last
            } catch {
                // A frame that does not come behind the one before: it is there already.
                continue
            }
        }
        try flush(&pending, of: id, &desk)
    }

    /// Frames that are to be written with one call.
    private struct Pending {
        var bytes: [UInt8] = []
        var last: UInt64 = 0
        /// Where in the segment they begin.
        var offset = 0
        var isEmpty: Bool { bytes.isEmpty }
    }

    private func shouldRotate(_ id: ProcessID, _ bytes: Int) -> Bool {
        let now = clock.realtime()
        return books.withLock { $0.ledger.shouldRotate(id, adding: bytes, now: now) }
    }

    private func flush(
        _ pending: inout Pending, of id: ProcessID, _ desk: inout WriterDesk
    ) throws(SystemError) {
        guard !pending.isEmpty, let work = desk.works[id] else { return }
        do throws(SystemError) {
            guard let file = try desk.file(of: id, in: folder) else { return }
            do throws(SystemError) {
                try file.write(pending.bytes)
            } catch {
                // Part of it may be there: the next write begins where this one did.
                try file.truncate(to: UInt64(pending.offset))
                throw error
            }
            if desk.wrote(work.name, file) { scheduleSync() }
        } catch {
            // Nobody knows what the file holds: a scan will find what is right, nothing is appended.
            desk.close(id)
            books.withLock { books in
                books.logs[id]?.active = nil
                books.ledger.closed(id)
            }
            throw error
        }
        let now = clock.realtime()
        let (bytes, last) = (pending.bytes.count, pending.last)
        pending = Pending()
        let room = books.withLock { books -> SegmentLedger.Room? in
            books.logs[id]?.activeBytes += UInt64(bytes)
            books.logs[id]?.next = last + 1
            let isTooMuch = books.ledger.wrote(bytes, through: last, to: id, now: now)
            return isTooMuch ? makeRoom(for: id, &books, now: now) : nil
        }
        if let room { make(room, &desk) }
    }

    private func begin(_ name: SegmentFile, _ desk: inout WriterDesk) throws(SystemError) {
        let now = clock.realtime()
        let header = SegmentHeader(
            process: name.process, firstSequence: name.firstSequence, createdAt: now, run: desk.run)
        try folder.makeDirectory("\(name.process.rawValue)", mode: 0o700)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW
        let file = try File.open(name.path, in: folder, flags)
        do throws(SystemError) {
            try file.write(header.bytes)
        } catch {
            try folder.unlink(name.path)
            throw error
        }
        desk.begin(name, header, file)
        let room = books.withLock { books -> SegmentLedger.Room in
            books.logs[name.process]?.active = name
            books.logs[name.process]?.activeBytes = UInt64(SegmentHeader.byteCount)
            books.ledger.began(name, now: now)
            return makeRoom(for: name.process, &books, now: now)
        }
        make(room, &desk)
    }

    // MARK: Room

    private func makeRoom(
        for id: ProcessID, _ books: inout Books, now: Int64
    ) -> SegmentLedger.Room {
        let monotonic = clock.monotonic()
        for read in books.read {
            let since = books.logs[read]?.readAt ?? 0
            guard monotonic &- since > Limits.readerLease else { continue }
            books.read.remove(read)
            books.ledger.readerLeft(read)
        }
        return books.ledger.makeRoom(for: id, now: now)
    }

    /// Deletes what has to go anywhere: what is too old, too.
    func trim() {
        let now = clock.realtime()
        let room = books.withLock { $0.ledger.makeRoom(now: now) }
        desk.withLock { make(room, &$0) }
        guard configuration.retention.age != nil else { return }
        writing.asyncAfter(deadline: .now() + Self.trimInterval) { [weak self] in
            guard let self, !books.withLock({ $0.isClosed }) else { return }
            trim()
        }
    }

    /// Deletes what has to go.
    private func make(_ room: SegmentLedger.Room, _ desk: inout WriterDesk) {
        var room = room
        // Once more for what is closed now; should that not do, the next write asks again.
        for _ in 0..<2 where !room.isEmpty {
            for file in room.delete {
                do throws(SystemError) {
                    try folder.unlink(file.path)
                } catch {
                    logger.warning(
                        "a log segment cannot be deleted",
                        metadata: ["file": "\(path)/\(file.path)", "error": "\(error)"])
                }
            }
            guard let first = room.close.first else { return }
            for id in room.close {
                desk.close(id)
                books.withLock { books in
                    books.logs[id]?.active = nil
                    books.ledger.closed(id)
                }
            }
            let now = clock.realtime()
            room = books.withLock { $0.ledger.makeRoom(for: first, now: now) }
        }
    }

    // MARK: A full disk

    func hasRoom() -> Bool {
        guard let space = try? folder.space() else { return true }
        return space.free >= configuration.reserve(space.capacity)
    }

    /// A log that cannot be written waits for room; so do all others from here on.
    private func hold(_ id: ProcessID, becauseOf error: SystemError?) {
        let begins = books.withLock { books -> Bool in
            books.logs[id]?.isHeld = true
            defer { books.isOut = true }
            return !books.isOut
        }
        guard begins else { return }
        let reason = error?.description ?? "the disk reserve is reached"
        logger.error(
            "logs cannot be written: they stay in memory",
            metadata: ["directory": "\(path)", "reason": "\(reason)"])
        retryLater()
    }

    private func retryLater() {
        writing.asyncAfter(deadline: .now() + Self.retryInterval) { [weak self] in
            self?.retry()
        }
    }

    private func retry() {
        guard !books.withLock({ $0.isClosed }) else { return }
        guard hasRoom() else { return retryLater() }
        // One of them shows whether it goes again.
        let probe = books.withLock { books -> ProcessID? in
            let held = books.logs.first { $0.value.isHeld }?.key
            if let held { books.logs[held]?.isHeld = false }
            return held
        }
        if let probe {
            desk.withLock { write(probe, &$0) }
            guard books.withLock({ $0.logs[probe]?.isHeld != true }) else { return retryLater() }
        }
        logger.notice("logs are written again", metadata: ["directory": "\(path)"])
        books.withLock { books in
            books.isOut = false
            books.isDraining = true
            books.queueHeld()
        }
        drain()
    }

    // MARK: Power

    private func scheduleSync() {
        syncing.asyncAfter(deadline: .now() + Self.syncInterval) { [weak self] in
            guard let self else { return }
            synchronize(desk.withLock { $0.takeUnsynced() })
        }
    }

    func synchronize(_ unsynced: WriterDesk.Unsynced) {
        do throws(SystemError) {
            if unsynced.isOverflowing {
                try folder.synchronizeFileSystem()
            } else {
                for file in unsynced.files.values { try file.synchronize() }
            }
        } catch {
            logger.error("logs cannot be synced", metadata: ["error": "\(error)"])
        }
    }
}

extension SystemError {
    /// Whether the disk, or the machine, takes nothing from anybody at this moment.
    fileprivate var concernsDisk: Bool {
        isNoSpace || isShortage || number == EIO || number == EROFS
    }
}
