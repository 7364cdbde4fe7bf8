import SeliumABI
import SeliumWasm

extension WASI {
    /// WASI's file type of a character device.
    static let characterDevice: UInt8 = 2
    /// WASI's flags of a descriptor.
    enum DescriptorFlag {
        /// Every write goes to the end. All writes to a log do, whether asked to or not.
        static let append: UInt16 = 1
        /// Reads and writes never wait.
        static let nonblocking: UInt16 = 4
        /// These, and three that wait for a disk: 2, 8, 16.
        static let all: UInt16 = 31
    }

    /// Rights: fd_read, fd_write, fd_fdstat_set_flags, poll_fd_readwrite. No seek and no tell: that,
    /// and the file type, is how libc knows a terminal.
    private static func rights(_ descriptor: WASIProcess.Descriptor) -> UInt64 {
        (1 << 3 | 1 << 27) | (descriptor == .stdin ? 1 << 1 : 1 << 6)
    }

    /// What can be asked of a descriptor besides reading and writing.
    static var descriptors: [HostFunction] {
        state + [
            stdio("fd_advise", [.i32, .i64, .i64, .i32], .illegalSeek),
            stdio("fd_allocate", [.i32, .i64, .i64], .notSupported),
            stdio("fd_datasync", [.i32], .invalid),
            stdio("fd_fdstat_set_rights", [.i32, .i64, .i64], .notSupported),
            stdio("fd_filestat_set_size", [.i32, .i64], .invalid),
            stdio("fd_filestat_set_times", [.i32, .i64, .i64, .i32], .notSupported),
            stdio("fd_pread", [.i32, .i32, .i32, .i64, .i32], .illegalSeek),
            stdio("fd_prestat_dir_name", [.i32, .i32, .i32], .badDescriptor),
            // Programs look for their directories from 3 on until this says there is none.
            stdio("fd_prestat_get", [.i32, .i32], .badDescriptor),
            stdio("fd_pwrite", [.i32, .i32, .i32, .i64, .i32], .illegalSeek),
            stdio("fd_readdir", [.i32, .i32, .i32, .i64, .i32], .notSupported),
            stdio("fd_renumber", [.i32, .i32], .notSupported),
            stdio("fd_seek", [.i32, .i64, .i32, .i32], .illegalSeek),
            stdio("fd_sync", [.i32], .invalid),
            stdio("fd_tell", [.i32, .i32], .illegalSeek),
        ]
    }

    /// A call that a character device answers always the same way.
    private static func stdio(_ name: String, _ parameters: [WasmKind], _ errno: Errno)
        -> HostFunction
    {
        immediate(name, parameters) { call, process in
            process.descriptor(call.u32(0)) == nil ? .badDescriptor : errno
        }
    }

    private static var state: [HostFunction] {
        [
            immediate("fd_close", [.i32]) { call, process in
                guard let descriptor = process.descriptor(call.u32(0)) else {
                    return .badDescriptor
                }
                process.close(descriptor)
                return .success
            },
            immediate("fd_fdstat_get", [.i32, .i32]) { call, process throws(MemoryFault) in
                guard let descriptor = process.descriptor(call.u32(0)) else {
                    return .badDescriptor
                }
                try storeStatus(
                    rights(descriptor), process.flags(of: descriptor), at: call.u32(1), call.memory)
                return .success
            },
            immediate("fd_fdstat_set_flags", [.i32, .i32]) { call, process in
                guard let descriptor = process.descriptor(call.u32(0)) else {
                    return .badDescriptor
                }
                guard let flags = UInt16(exactly: call.u32(1)), flags & ~DescriptorFlag.all == 0
                else { return .invalid }
                // A log is not written through to anything.
                let known = DescriptorFlag.append | DescriptorFlag.nonblocking
                guard flags & ~known == 0 else { return .notSupported }
                process.setFlags(flags, of: descriptor)
                return .success
            },
            immediate("fd_filestat_get", [.i32, .i32]) { call, process throws(MemoryFault) in
                guard let descriptor = process.descriptor(call.u32(0)) else {
                    return .badDescriptor
                }
                // struct filestat: device, inode, type, links, size, three times; 64 bytes.
                var bytes = [UInt8](repeating: 0, count: 64)
                bytes[8] = UInt8(truncatingIfNeeded: descriptor.rawValue + 1)
                bytes[16] = characterDevice
                bytes[24] = 1
                try call.memory.write(bytes, at: call.u32(1))
                return .success
            },
        ]
    }

    /// struct fdstat: type at 0, flags at 2, rights at 8, inherited rights at 16; 24 bytes.
    private static func storeStatus(
        _ rights: UInt64, _ flags: UInt16, at pointer: UInt32, _ memory: borrowing GuestMemory
    ) throws(MemoryFault) {
        try memory.write([UInt8](repeating: 0, count: 24), at: pointer)
        try memory.store(characterDevice, at: pointer)
        try memory.store(flags, at: pointer + 2)
        try memory.store(rights, at: pointer + 8)
    }
}
