import Glibc
import SeliumRuntime

/// The composition root: the one place where the control server and the runtime meet.
@main
struct Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // The compiler's child knows nothing else, and never comes back.
        if arguments == [ModuleCompiler.argument] { ModuleCompiler.childMain() }
        _ = signal(SIGPIPE, SIG_IGN)
        // A limit on files (`ulimit -f`) is an error of the write that meets it, not the end of a server.
        _ = signal(SIGXFSZ, SIG_IGN)
        exit(await RuntimeProgram.run(arguments))
    }
}
