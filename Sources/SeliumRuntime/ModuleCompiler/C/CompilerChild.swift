import CPosix
import Glibc
import SeliumKernel
import SeliumWasm

extension ModuleCompiler {
    /// The child's whole life: what an executable's main does when its only argument is
    /// `ModuleCompiler.argument`, before anything else.
    public static func childMain() -> Never {
        limit()
        guard let wasm = readAll(3) else { end(.cannotWrite, "the module cannot be read") }
        do throws(WasmError) {
            let module = try Module.compile(wasm, engine: try Engine(.compiling))
            do throws(WasmError) {
                try module.serialize(to: 4)
            } catch {
                end(.cannotWrite, error.message)
            }
        } catch {
            // The engine reports failed mappings with the system's words; nothing else of its text
            // is looked at.
            let isMemory = error.code == .resources || error.message.contains("os error 12")
            end(isMemory ? .outOfMemory : .invalid, error.message)
        }
        end(.compiled, "")
    }

    /// Everything this process gives up, in the order in which it matters.
    private static func limit() {
        offerMyself()
        let result = [
            cposix_no_new_privileges(),
            cposix_signal_on_parent_death(SIGKILL),
            cposix_lower_limit(Int32(CPOSIX_CORE_BYTES.rawValue), 0),
            cposix_lower_limit(Int32(CPOSIX_ADDRESS_SPACE.rawValue), Limits.compileAddressSpace),
            cposix_lower_limit(Int32(CPOSIX_CPU_SECONDS.rawValue), Limits.compileCPUSeconds),
            cposix_lower_limit(Int32(CPOSIX_FILE_BYTES.rawValue), Limits.compileOutputBytes),
            cposix_add_nice(10),
        ]
        guard result.allSatisfy({ $0 >= 0 }) else {
            end(.cannotWrite, "the compiler cannot limit itself")
        }
        // A compiler that gives up dies at once, instead of starting a program to look at its own
        // remains: the parent tells the reason from the signal.
        for fault in [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP] {
            _ = signal(fault, SIG_DFL)
        }
        // Arenas and stacks of many threads would use up the address space before the module does.
        cposix_limit_allocator_arenas(2)
        unsafe setenv("RAYON_NUM_THREADS", "4", 1)
    }

    /// Should the machine's memory run out, this process goes first, whoever took the memory. Not
    /// every container has the file; the limits hold without it.
    private static func offerMyself() {
        let file = unsafe open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        var most = "1000"
        most.withUTF8 { utf8 in _ = unsafe write(file, utf8.baseAddress, utf8.count) }
        close(file)
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8]? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_size >= 0,
            UInt64(status.st_size) <= Limits.moduleBytes
        else { return nil }
        let size = Int(status.st_size)
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let part = unsafe read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + count }, size - count)
                if part < 0, errno == EINTR { continue }
                guard part > 0 else {
                    failed = part < 0
                    return
                }
                count += part
            }
        }
        return failed ? nil : bytes
    }

    /// Says why and ends, without the destructors of half-built things.
    private static func end(_ code: CompilerEnd.Code, _ words: String) -> Never {
        var words = String(words.prefix(1_024))
        words.withUTF8 { utf8 in _ = unsafe write(2, utf8.baseAddress, utf8.count) }
        _exit(code.rawValue)
    }
}
