import Glibc
import SeliumKernel

/// Reads one segment from a frame's beginning on, a window at a time, over damage if there is any.
struct SegmentCursor {
    /// What is read at once, bytes.
    static let window = 256 * 1024

    private let file: File
    private let header: SegmentHeader
    /// Nothing behind it is looked at: it is being written.
    private let end: Int
    private var reader: SegmentReader
    private var isWindowAtEnd = false
    /// Something in it is no frame.
    private(set) var isDamaged = false

    /// Opens a segment; nil when it has been deleted.
    ///
    /// - Parameters:
    ///   - end: how much of it there is; nil for all.
    ///   - offset: where a frame begins; nil for the first.
    init?(_ name: SegmentFile, in folder: File, end: UInt64?, offset: Int?) throws(SystemError) {
        do throws(SystemError) {
            file = try File.open(name.path, in: folder, O_RDONLY | O_NOFOLLOW)
        } catch {
            guard error.number == ENOENT else { throw error }
            return nil
        }
        let size = try file.status().size
        self.end = Int(clamping: min(size, end ?? size))
        let bytes = try file.read(at: 0, atMost: SegmentHeader.byteCount)
        guard let header = try? SegmentHeader(bytes.span), header.process == name.process else {
            throw SystemError("header", EBADMSG)
        }
        self.header = header
        reader = SegmentReader(header, bytes: [], at: offset ?? SegmentHeader.byteCount)
    }

    /// When its file was written last, wall clock, nanoseconds since 1970.
    func modified() throws(SystemError) -> Int64 { try file.status().modified }

    /// The next frame and where it begins; nil at the end.
    mutating func next() throws(SystemError) -> (frame: SegmentFrame, offset: Int)? {
        while true {
            switch reader.next() {
            case .frame(let frame, let offset): return (frame, offset)
            case .end, .cut:
                // A frame that goes beyond what there is was torn off, or is being written.
                guard try readWindow() else { return nil }
            case .damaged:
                isDamaged = true
                guard let place = try placeBehindDamage() else { return nil }
                isWindowAtEnd = false
                reader = SegmentReader(header, bytes: [], at: place)
            }
        }
    }

    /// More from where the reader stands; false when there is no more.
    private mutating func readWindow() throws(SystemError) -> Bool {
        let offset = reader.offset
        guard !isWindowAtEnd, offset < end else { return false }
        let bytes = try file.read(at: UInt64(offset), atMost: min(Self.window, end - offset))
        guard !bytes.isEmpty else { return false }
        isWindowAtEnd = offset + bytes.count >= end
        reader = SegmentReader(header, bytes: bytes, at: offset)
        return true
    }

    private func placeBehindDamage() throws(SystemError) -> Int? {
        guard end <= LogScan.maximumFile, let all = try file.readAll(atMost: LogScan.maximumFile),
            let scan = try? SegmentScan(all)
        else { return nil }
        let offset = reader.offset
        return scan.holes.first { $0.bytes.contains(offset) }.map { $0.bytes.upperBound }
    }
}
