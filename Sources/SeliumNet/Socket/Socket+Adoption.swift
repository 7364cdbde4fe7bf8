internal import CPosix
internal import Glibc

extension Socket {
    /// What a descriptor from somebody else is.
    struct Kind: Equatable {
        var isUnix: Bool
        var isStream: Bool
        var isListening: Bool
    }

    /// What a descriptor is and where it is bound.
    static func inspect(_ descriptor: Int32) throws(Failure) -> (Kind, EndpointAddress) {
        var family: Int32 = 0
        var kind: Int32 = 0
        var isListening: Int32 = 0
        unsafe try Call.checked(cposix_inspect(descriptor, &family, &kind, &isListening))
        var address = cposix_address()
        unsafe try Call.checked(cposix_local_address(descriptor, &address))
        guard family != Int32(CPOSIX_NO_FAMILY), kind != Int32(CPOSIX_OTHER_KIND),
            let local = address.endpoint
        else { throw .system(EPROTOTYPE) }
        return (
            Kind(
                isUnix: family == Int32(CPOSIX_UNIX), isStream: kind == Int32(CPOSIX_STREAM),
                isListening: isListening != 0), local
        )
    }

    /// Takes a descriptor over; non-blocking and close-on-exec from now on.
    static func adopt(_ descriptor: Int32) throws(Failure) -> Socket {
        try Call.checked(cposix_adopt(descriptor))
        return try Socket(adopting: descriptor)
    }

    /// The peer of a descriptor, nil when it has none.
    static func peer(_ descriptor: Int32) -> EndpointAddress? {
        var address = cposix_address()
        guard unsafe cposix_remote_address(descriptor, &address) >= 0 else { return nil }
        return address.endpoint
    }
}
