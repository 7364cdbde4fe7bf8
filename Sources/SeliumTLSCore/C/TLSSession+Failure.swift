internal import CBoringTLS

extension TLSSession {
    /// Turns what the engine noted about a failed handshake into our words.
    func makeFailure() -> TLSError {
        let alert = self.sentAlert
        let peer = self.side == .server ? "client" : "server"
        if unsafe btls_session_lacks_protocol(self.handle) == 1 {
            return TLSError(
                .noCommonProtocol, "the \(peer) speaks none of our protocols", alert: alert)
        }
        if unsafe btls_session_lacks_certificate(self.handle) == 1 {
            return TLSError(.noCertificate, "the client showed no certificate", alert: alert)
        }
        let judged = Certificate(der: unsafe btls_session_judged_certificate(self.handle).array)
        guard let (code, message) = self.words(for: judged, shownBy: peer) else {
            return TLSError(
                .handshakeFailed, "the handshake failed (\(alert?.description ?? "no alert"))",
                alert: alert)
        }
        return TLSError(
            code, message, alert: alert, certificate: judged, expectedName: self.serverName)
    }

    /// Code and text of the engine's verdict on the other side's certificate; nil without one.
    private func words(
        for certificate: Certificate?, shownBy peer: String
    ) -> (TLSError.Code, String)? {
        let whose =
            unsafe btls_session_verdict_depth(self.handle) == 0
            ? "the \(peer)'s certificate" : "the CA above the \(peer)'s certificate"
        switch unsafe btls_session_verdict(self.handle) {
        case BTLS_VERDICT_NONE:
            return nil
        case BTLS_VERDICT_UNKNOWN_ISSUER:
            return (.unknownIssuer, "the \(peer)'s certificate is of another CA")
        case BTLS_VERDICT_EXPIRED:
            let date = certificate.map { UTCTime(unixTime: $0.notAfter).description } ?? "?"
            return (
                .certificateExpired,
                "\(whose) expired on \(date) (your clock: \(UTCTime(unixTime: self.unixTime)))"
            )
        case BTLS_VERDICT_NOT_YET_VALID:
            let date = certificate.map { UTCTime(unixTime: $0.notBefore).description } ?? "?"
            return (
                .certificateNotYetValid,
                "\(whose) is valid from \(date) on (your clock: \(UTCTime(unixTime: self.unixTime)))"
            )
        case BTLS_VERDICT_WRONG_NAME:
            let names = certificate?.hostNames ?? []
            let list = names.isEmpty ? "no host at all" : names.joined(separator: ", ")
            return (
                .wrongName, "the certificate is for \(list), not for \(self.serverName ?? "?")"
            )
        case BTLS_VERDICT_WRONG_PURPOSE:
            return (.wrongPurpose, "\(whose) is not for use by a \(peer)")
        case BTLS_VERDICT_CHAIN_TOO_LONG:
            return (.chainTooLong, "the \(peer) showed more than four certificates or 16 KiB")
        default:
            return (.invalidCertificate, "\(whose) is not valid")
        }
    }
}
