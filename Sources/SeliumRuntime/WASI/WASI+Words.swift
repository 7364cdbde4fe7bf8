import SeliumABI
import SeliumWasm

extension WASI {
    /// Arguments and environment.
    static var words: [HostFunction] {
        [
            immediate("args_sizes_get", [.i32, .i32]) { call, process throws(MemoryFault) in
                try storeSizes(process.arguments, call.u32(0), call.u32(1), call.memory)
            },
            immediate("args_get", [.i32, .i32]) { call, process throws(MemoryFault) in
                try storeWords(process.arguments, call.u32(0), call.u32(1), call.memory)
            },
            immediate("environ_sizes_get", [.i32, .i32]) { call, process throws(MemoryFault) in
                try storeSizes(process.environment, call.u32(0), call.u32(1), call.memory)
            },
            immediate("environ_get", [.i32, .i32]) { call, process throws(MemoryFault) in
                try storeWords(process.environment, call.u32(0), call.u32(1), call.memory)
            },
        ]
    }

    private static func storeSizes(
        _ words: [[UInt8]], _ count: UInt32, _ size: UInt32, _ memory: borrowing GuestMemory
    ) throws(MemoryFault) -> Errno {
        try memory.store(UInt32(clamping: words.count), at: count)
        try memory.store(UInt32(clamping: words.reduce(0) { $0 + $1.count + 1 }), at: size)
        return .success
    }

    /// A table of pointers, and the strings one behind the other.
    private static func storeWords(
        _ words: [[UInt8]], _ table: UInt32, _ strings: UInt32, _ memory: borrowing GuestMemory
    ) throws(MemoryFault) -> Errno {
        let size = words.reduce(0) { $0 + $1.count + 1 }
        guard let tableSize = UInt32(exactly: words.count * 4),
            let stringsSize = UInt32(exactly: size)
        else {
            return .tooBig
        }
        try memory.check(table, tableSize)
        try memory.check(strings, stringsSize)
        var entry = table
        var place = strings
        for word in words {
            try memory.store(place, at: entry)
            try memory.write(word, at: place)
            // Inside the ranges checked above, so neither sum can overflow before the last byte.
            try memory.store(UInt8(0), at: place + UInt32(word.count))
            place &+= UInt32(word.count) + 1
            entry &+= 4
        }
        return .success
    }
}
