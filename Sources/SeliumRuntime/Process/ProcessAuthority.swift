import SeliumABI
import SeliumKernel
import SeliumWasm
import Synchronization

/// What a process was granted, and the denials it met.
///
/// Counted always, written seldom: the first of each capability at once, then a summary at most
/// every ten seconds, with the names of what was tried.
final class ProcessAuthority: GuestAuthority {
    private struct Denied: Sendable {
        var unreported = 0
        var samples: [String] = []
        var reportedAt: UInt64
    }

    private let granted: CapabilitySet
    private let output: ProcessOutput
    private let denials = Mutex<[Capability: Denied]>([:])

    private static let summaryInterval: UInt64 = 10_000_000_000
    private static let sampleCount = 8

    init(_ granted: CapabilitySet, output: ProcessOutput) {
        self.granted = granted
        self.output = output
    }

    func permits(_ capability: Capability, for resource: @autoclosure () -> String) -> Bool {
        if granted.contains(capability) { return true }
        let shown = cleanedText(resource(), limit: 128)
        let now = SystemClock().monotonic()
        let record = denials.withLock { denials -> SystemRecord? in
            guard var denied = denials[capability] else {
                denials[capability] = Denied(reportedAt: now)
                return .denied(
                    Denial(
                        capability: capability.name, resource: shown, nearestGrant: nil,
                        difference: "not granted"))
            }
            denied.unreported += 1
            if denied.samples.count < Self.sampleCount, !denied.samples.contains(shown) {
                denied.samples.append(shown)
            }
            defer { denials[capability] = denied }
            guard now &- denied.reportedAt >= Self.summaryInterval else { return nil }
            let record = Self.summary(capability, denied)
            denied = Denied(reportedAt: now)
            return record
        }
        if let record { output.append(record) }
        return false
    }

    /// What was not written yet, for the end of the process.
    func remainingSummaries() -> [SystemRecord] {
        denials.withLock { denials in
            defer { denials = [:] }
            return denials.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap {
                capability, denied in
                denied.unreported > 0 ? Self.summary(capability, denied) : nil
            }
        }
    }

    private static func summary(_ capability: Capability, _ denied: Denied) -> SystemRecord {
        .note(
            "denied \(capability.name) \(denied.unreported) more times: "
                + denied.samples.joined(separator: ", "))
    }
}
