import SeliumCertificates
import SeliumProtocol
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumClient

@Suite(.inTurn()) struct NoResumptionTests {
    @Test("The client of the control plane keeps no ticket and offers none")
    func configuration() throws {
        let certificates = try LiveCertificates()
        let issued = try certificates.authority.issueClient(
            identity: "operator", now: WallClock.seconds())
        let files = try CertificateFiles(
            .memory(
                authority: certificates.trustRoots, certificate: Array(issued.certificatePEM.utf8),
                key: Array(issued.privateKeyPEM.utf8)), home: nil)
        let configuration = files.tlsConfiguration(alpn: ControlProtocol.alpn)
        #expect(configuration.sessionCache == nil)
        #expect(try !TLSContext(client: configuration).allowsResumption)
    }
}
