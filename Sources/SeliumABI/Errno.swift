/// Result codes of host calls: the error numbers of WASI preview 1, which every import returns.
public enum Errno: UInt16, Sendable, Hashable {
    case success = 0
    case tooBig = 1
    case access = 2
    case again = 6
    case badDescriptor = 8
    case busy = 10
    case canceled = 11
    case fault = 21
    case invalid = 28
    case io = 29
    case isDirectory = 31
    case tooManyHandles = 33
    case nameTooLong = 37
    case noEntry = 44
    case noMemory = 48
    case noSpace = 51
    case notImplemented = 52
    case notSupported = 58
    case overflow = 61
    case notPermitted = 63
    case brokenPipe = 64
    case range = 68
    case illegalSeek = 70
    case timedOut = 73
    case notCapable = 76
}
