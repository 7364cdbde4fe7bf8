import Glibc
import SeliumCLI

/// The command: everything is in SeliumCLI, where tests reach it.
@main
struct Main {
    static func main() async {
        exit(await Program.main(arguments: Array(CommandLine.arguments.dropFirst())))
    }
}
