internal import SwiftProtobuf

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

// Generated code has Foundation's Data for `bytes`. It stays in here: everybody else sees arrays.

extension WireRequest {
    package var requestIDBytes: [UInt8] {
        get { Array(requestID) }
        set { requestID = Data(newValue) }
    }
    package var idempotencyKeyBytes: [UInt8] {
        get { Array(idempotencyKey) }
        set { idempotencyKey = Data(newValue) }
    }
}

extension WireModuleRef {
    /// A reference by digest.
    package init(digestBytes: [UInt8]) {
        self.init()
        digest = Data(digestBytes)
    }

    /// A reference by name.
    package init(name: String) {
        self.init()
        self.name = name
    }

    /// The digest, or nil when it is a reference by name or none.
    package var digestBytes: [UInt8]? {
        guard case .digest(let bytes)? = ref else { return nil }
        return Array(bytes)
    }
}

extension WireArgument {
    /// The value when it is a buffer.
    package var bufferBytes: [UInt8]? {
        get {
            guard case .buffer(let bytes)? = value else { return nil }
            return Array(bytes)
        }
        set { value = newValue.map { .buffer(Data($0)) } }
    }
}

extension WireStarted {
    package var digestBytes: [UInt8] {
        get { Array(digest) }
        set { digest = Data(newValue) }
    }
}

extension WireProcessInfo {
    package var moduleDigestBytes: [UInt8] {
        get { Array(moduleDigest) }
        set { moduleDigest = Data(newValue) }
    }
}

extension WirePushModule {
    package var digestBytes: [UInt8] {
        get { Array(digest) }
        set { digest = Data(newValue) }
    }
}

extension WireModuleRow {
    package var digestBytes: [UInt8] {
        get { Array(digest) }
        set { digest = Data(newValue) }
    }
}

extension WirePushedModule {
    package var digestBytes: [UInt8] {
        get { Array(digest) }
        set { digest = Data(newValue) }
    }
    package var replacedBytes: [UInt8] {
        get { Array(replaced) }
        set { replaced = Data(newValue) }
    }
}

extension WireRemovedModule {
    package var digestBytes: [UInt8] {
        get { Array(digest) }
        set { digest = Data(newValue) }
    }
}

extension WireCollectedModules {
    package var digestsBytes: [[UInt8]] {
        get { digests.map { Array($0) } }
        set { digests = newValue.map { Data($0) } }
    }
}

extension WireSystemRecord {
    /// Encoded, as it lies in a log entry. A record that cannot be encoded is empty.
    package var encodedBytes: [UInt8] {
        do { return try serializedBytes() } catch { return [] }
    }
}
