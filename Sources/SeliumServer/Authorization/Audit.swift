internal import Logging
internal import SeliumKernel
internal import SeliumProtocol
internal import SeliumQUIC
internal import SwiftProtobuf

// Who did what: one line for each connection and each request that changes something. Names and
// verdicts only; no argument, no variable, nothing a program reads or writes.

extension ControlServer {
    /// A caller has come.
    func audit(accepted caller: Caller, _ connection: QUICConnection) {
        logger.info(
            "connection accepted",
            metadata: [
                "identity": "\(caller.identity)", "role": "\(caller.role.name)",
                "fingerprint": "\(Self.hex(caller.fingerprint))",
                "address": "\(connection.remoteAddress)",
            ])
    }

    /// Somebody came whose certificate names nobody here.
    func audit(refused refusal: Caller.Refusal, _ connection: QUICConnection) {
        logger.info(
            "connection refused",
            metadata: [
                "reason": "\(refusal.reason)", "address": "\(connection.remoteAddress)",
                "fingerprint":
                    "\(Self.hex(connection.peerCertificates.first?.fingerprint ?? []))",
            ])
    }

    /// A request that may have changed something is over. Others leave no line.
    func audit(
        _ request: DecodedRequest, _ call: Call, _ verdict: RequestScope.Verdict,
        _ outcome: HandlerOutcome?, _ scope: RequestScope
    ) {
        guard call.isMutating else { return }
        let caller = scope.session.caller
        let header = request.message.namespace
        // A namespace the caller does not reach was refused; what stands there is foreign text.
        let namespace = header.isEmpty ? caller.namespace.name : RequestError.printable(header)
        var metadata: Logger.Metadata = [
            "identity": "\(caller.identity)", "namespace": "\(namespace)",
            "call": "\(call.verb.rawValue)", "request": "\(scope.requestID)",
        ]
        switch (verdict, outcome) {
        case (_, .success(let result)?):
            metadata["outcome"] = "ok"
            if let id = result.processID { metadata["process"] = "\(id)" }
        case (.refused(let error), _), (_, .failure(let error)?):
            metadata["outcome"] = "\(error.code.name)"
        case (.abandoned, nil), (.handled, nil):
            metadata["outcome"] = "ABANDONED"
        }
        logger.notice("request", metadata: metadata)
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

extension Call {
    /// Whether it can change anything: for the audit.
    var isMutating: Bool {
        switch self {
        case .start, .stop, .kill, .restart, .remove, .prune, .pushModule, .removeModule: true
        case .collectModules(let collect): !collect.dryRun
        case .attach(let attach): attach.input
        case .list, .wait, .info, .inspect, .listModules, .inspectModule, .readEvents: false
        }
    }
}

extension WireResult.OneOf_Result {
    /// The process it is about; nil when it is about none, or about several.
    fileprivate var processID: UInt64? {
        switch self {
        case .started(let started): started.id == 0 ? nil : started.id
        case .stopped(let stopped): stopped.id
        case .ended(let ended): ended.id
        case .logRead(let read): read.id
        case .restarted(let restarted): restarted.id
        case .removed(let removed): removed.id
        case .inspected(let inspected): inspected.process.id
        case .reached(let reached): reached.id
        case .processes, .info, .pruned, .pushedModule, .modules, .inspectedModule, .removedModule,
            .collectedModules, .events:
            nil
        }
    }
}
