import SeliumTLSCore

/// Certificates that `selium cert` never makes, of a CA of their own, valid for a hundred years. All
/// belong to one key; CN is `operator` everywhere, which nobody may read.
enum OddCertificates {
    static let ca = """
        -----BEGIN CERTIFICATE-----
        MIIBlzCCAT6gAwIBAgIUe517alHB9JU3bK3a+BwSj31qAIgwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTE0OVoYDzIxMjYx
        MDI4MTQ1MTQ5WjAXMRUwEwYDVQQDDAxPZGQgbmFtZXMgQ0EwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAASdtpdn09InDglnPq19ERHwKcvOw44Crjm5cnW1ryYvDg1H
        UM/k2Dj8Td/pYNBpWb6VvcUE+Hv9UhOcvEwhDOhEo2YwZDAdBgNVHQ4EFgQUe+sH
        ls2BX9hziQoG7FXTQMHzakEwHwYDVR0jBBgwFoAUe+sHls2BX9hziQoG7FXTQMHz
        akEwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAQYwCgYIKoZIzj0E
        AwIDRwAwRAIgZ5aIsLtrxFfOByGlinj74qHwZcXylIysYdJF5dSC3QMCIGPutdle
        O55xgOqkj4Jos6kYCtI1TkXYaCpgaDcIWTDC
        -----END CERTIFICATE-----
        """

    /// The key that all of them belong to. It opens nothing.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7yACACjHmtupLivA
        fvYbXmH5y8t+L851vOinrdpb7omhRANCAARhjfPtnWjbze93oktpZUfXv3NZmiAV
        XLokLCI0/UFnUp8Q9ALClsCxA/hcAmV7yk3I7nf760j1Zd5xEA9V7V1W
        -----END PRIVATE KEY-----
        """

    /// Two identities.
    static let two = """
        -----BEGIN CERTIFICATE-----
        MIIB5TCCAYugAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8eeYwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMFoYDzIxMjYx
        MDI4MTQ1MjIwWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgbYwgbMwDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwPgYDVR0RBDcwNYYX
        c2VsaXVtOi8vaWRlbnRpdHkvYWxpY2WGGnNlbGl1bTovL2lkZW50aXR5L29wZXJh
        dG9yMB0GA1UdDgQWBBQ29/gxJUe/vPBeFHXM2NlvJvUvnTAfBgNVHSMEGDAWgBR7
        6weWzYFf2HOJCgbsVdNAwfNqQTAKBggqhkjOPQQDAgNIADBFAiBaMCnb/fXigW+F
        1lZuGq50+SmtXycNrfVVXlo3pTweVQIhAO9z3TWqeycw8HdMgE16eKBo38A4y4ai
        KwJuPBB9FnBC
        -----END CERTIFICATE-----
        """

    /// `operator` as DNS name and e-mail address, no URI.
    static let none = """
        -----BEGIN CERTIFICATE-----
        MIIB0TCCAXagAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8eecwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMFoYDzIxMjYx
        MDI4MTQ1MjIwWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgaEwgZ4wDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwKQYDVR0RBCIwIIII
        b3BlcmF0b3KBFG9wZXJhdG9yQGV4YW1wbGUuY29tMB0GA1UdDgQWBBQ29/gxJUe/
        vPBeFHXM2NlvJvUvnTAfBgNVHSMEGDAWgBR76weWzYFf2HOJCgbsVdNAwfNqQTAK
        BggqhkjOPQQDAgNJADBGAiEAvvU9sbTInrA77s3SLa1SdMGQdW2amIFo2tFCrDbJ
        x1kCIQCtelH70dWYVLPhF8cyZkdOcANDAKNUe82CFfAez7qxzw==
        -----END CERTIFICATE-----
        """

    /// A reserved identity.
    static let system = """
        -----BEGIN CERTIFICATE-----
        MIIByjCCAXCgAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8eegwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMFoYDzIxMjYx
        MDI4MTQ1MjIwWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgZswgZgwDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwIwYDVR0RBBwwGoYY
        c2VsaXVtOi8vaWRlbnRpdHkvc3lzdGVtMB0GA1UdDgQWBBQ29/gxJUe/vPBeFHXM
        2NlvJvUvnTAfBgNVHSMEGDAWgBR76weWzYFf2HOJCgbsVdNAwfNqQTAKBggqhkjO
        PQQDAgNIADBFAiEA64ji1cbNg0bI8hGlaIOoGohlDarm/9zxeXNfmyCUk1sCIBKN
        QnzOZMreD6QHJu50VyJa55PgaFsEnT6l/9IG/AZ3
        -----END CERTIFICATE-----
        """

    /// Another reserved identity.
    static let anonymous = """
        -----BEGIN CERTIFICATE-----
        MIIBzTCCAXOgAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8eekwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMVoYDzIxMjYx
        MDI4MTQ1MjIxWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgZ4wgZswDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwJgYDVR0RBB8wHYYb
        c2VsaXVtOi8vaWRlbnRpdHkvYW5vbnltb3VzMB0GA1UdDgQWBBQ29/gxJUe/vPBe
        FHXM2NlvJvUvnTAfBgNVHSMEGDAWgBR76weWzYFf2HOJCgbsVdNAwfNqQTAKBggq
        hkjOPQQDAgNIADBFAiA63/DHl2cmxmTHHtmj+7WdVHMrAl8X6bPoUFtGwff0VQIh
        AL6YkWmL6eBF0NHHMLTxL86TMzkYx4qCo6LOvxatm6m/
        -----END CERTIFICATE-----
        """

    /// A URI of another scheme.
    static let foreign = """
        -----BEGIN CERTIFICATE-----
        MIIBzjCCAXSgAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8eeowCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMVoYDzIxMjYx
        MDI4MTQ1MjIxWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgZ8wgZwwDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwJwYDVR0RBCAwHoYc
        aHR0cHM6Ly9leGFtcGxlLmNvbS9vcGVyYXRvcjAdBgNVHQ4EFgQUNvf4MSVHv7zw
        XhR1zNjZbyb1L50wHwYDVR0jBBgwFoAUe+sHls2BX9hziQoG7FXTQMHzakEwCgYI
        KoZIzj0EAwIDSAAwRQIhAJz+Ur8Jn3m9B2ZM1BK+LcYoTeKA69+M85UqbdvXK/7v
        AiAjeSqSoNv1gkfcH3VRIpqU2ryle3m9E8sDfa1bXIlI0g==
        -----END CERTIFICATE-----
        """

    /// `Operator`, which is no identity.
    static let upper = """
        -----BEGIN CERTIFICATE-----
        MIIByzCCAXKgAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8eeswCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMVoYDzIxMjYx
        MDI4MTQ1MjIxWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgZ0wgZowDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwJQYDVR0RBB4wHIYa
        c2VsaXVtOi8vaWRlbnRpdHkvT3BlcmF0b3IwHQYDVR0OBBYEFDb3+DElR7+88F4U
        dczY2W8m9S+dMB8GA1UdIwQYMBaAFHvrB5bNgV/Yc4kKBuxV00DB82pBMAoGCCqG
        SM49BAMCA0cAMEQCIAd6cVqySlRam+KdqMTLv9VJDxBkmrtUVmBUjAVjkZTLAiAb
        I5CvNXPFs+z2N8k4bFL3yOaoRWYYraBMgmqUjUMKzw==
        -----END CERTIFICATE-----
        """

    /// EKU serverAuth.
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBzDCCAXKgAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8eewwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMloYDzIxMjYx
        MDI4MTQ1MjIyWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgZ0wgZowDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwJQYDVR0RBB4wHIYa
        c2VsaXVtOi8vaWRlbnRpdHkvb3BlcmF0b3IwHQYDVR0OBBYEFDb3+DElR7+88F4U
        dczY2W8m9S+dMB8GA1UdIwQYMBaAFHvrB5bNgV/Yc4kKBuxV00DB82pBMAoGCCqG
        SM49BAMCA0gAMEUCIA+rUKcot+pkGqBbtWAsXrFr9QyAW9m4bdSJ4a07AzrfAiEA
        kO7EnEPjaX7wjmhYa2Em9oDjC25DNvogRx2/MRSC3N8=
        -----END CERTIFICATE-----
        """

    /// Nothing odd: alice.
    static let good = """
        -----BEGIN CERTIFICATE-----
        MIIByjCCAW+gAwIBAgIUVSI3Cuj05X6dFrHdb006gkl8ee0wCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMT2RkIG5hbWVzIENBMCAXDTI2MTEyMTE0NTIyMloYDzIxMjYx
        MDI4MTQ1MjIyWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABGGN8+2daNvN73eiS2llR9e/c1maIBVcuiQsIjT9QWdSnxD0AsKW
        wLED+FwCZXvKTcjud/vrSPVl3nEQD1XtXVajgZowgZcwDAYDVR0TAQH/BAIwADAO
        BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwIgYDVR0RBBswGYYX
        c2VsaXVtOi8vaWRlbnRpdHkvYWxpY2UwHQYDVR0OBBYEFDb3+DElR7+88F4UdczY
        2W8m9S+dMB8GA1UdIwQYMBaAFHvrB5bNgV/Yc4kKBuxV00DB82pBMAoGCCqGSM49
        BAMCA0kAMEYCIQDtTxLICnMH+5c/FSObJhe4Dj1cUJJNv707HO8PyqmvNgIhALU5
        Pkxfp786bwcPomuTqik67/f7viEjerewxzGyzwTl
        -----END CERTIFICATE-----
        """

    static func identity(_ certificate: String) -> TLSIdentity {
        TLSIdentity(certificateChain: Array(certificate.utf8), privateKey: Array(key.utf8))
    }
}
