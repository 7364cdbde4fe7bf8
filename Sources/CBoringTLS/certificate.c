// Reading what a certificate says.

#include <string.h>

#include "internal.h"

struct btls_certificate {
    X509 *x509;
    btls_owned der;
    btls_owned common_name;
    btls_owned issuer_name;
    int64_t not_before;
    int64_t not_after;
    GENERAL_NAMES *names;
    /// Those of the names that are of a listed kind; borrowed from `names`.
    const GENERAL_NAME **listed;
    size_t listed_count;
};

int btls_certificate_allows(X509 *certificate, uint32_t usage) {
    const uint32_t flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_INVALID) != 0 || (flags & EXFLAG_XKUSAGE) == 0) {
        return 0;
    }
    const uint32_t bit = usage == BTLS_USAGE_SERVER ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
    return (X509_get_extended_key_usage(certificate) & bit) != 0;
}

/// The last CN is the most specific one. UTF-8, whatever string type the certificate used.
static void read_common_name(btls_owned *out, const X509_NAME *name) {
    int index = -1;
    for (int next = -1;
         (next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) >= 0;) {
        index = next;
    }
    if (index < 0) {
        return;
    }
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, index);
    uint8_t *text = NULL;
    const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (length >= 0) {
        out->data = text;
        out->length = (size_t)length;
    }
}

static int is_listed(const GENERAL_NAME *name) {
    switch (name->type) {
        case GEN_DNS:
        case GEN_URI:
        case GEN_EMAIL:
            return 1;
        case GEN_IPADD: {
            const int length = ASN1_STRING_length(name->d.iPAddress);
            return length == 4 || length == 16;
        }
        default:
            return 0;
    }
}

/// Picked out once: a list of 16 KiB holds thousands of names, and each is asked for by its index.
static int list_names(btls_certificate *certificate) {
    const size_t all = certificate->names != NULL ? sk_GENERAL_NAME_num(certificate->names) : 0;
    if (all == 0) {
        return 1;
    }
    certificate->listed = OPENSSL_calloc(all, sizeof(*certificate->listed));
    if (certificate->listed == NULL) {
        return 0;
    }
    for (size_t index = 0; index < all; index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(certificate->names, index);
        if (is_listed(name)) {
            certificate->listed[certificate->listed_count++] = name;
        }
    }
    return 1;
}

static int fill(btls_certificate *certificate) {
    uint8_t *der = NULL;
    const int length = i2d_X509(certificate->x509, &der);
    if (length <= 0) {
        return 0;
    }
    certificate->der = (btls_owned){der, (size_t)length};
    if (!ASN1_TIME_to_posix(X509_get0_notBefore(certificate->x509), &certificate->not_before)
        || !ASN1_TIME_to_posix(X509_get0_notAfter(certificate->x509), &certificate->not_after)) {
        return 0;
    }
    read_common_name(&certificate->common_name, X509_get_subject_name(certificate->x509));
    read_common_name(&certificate->issuer_name, X509_get_issuer_name(certificate->x509));
    int critical = 0;
    certificate->names =
        X509_get_ext_d2i(certificate->x509, NID_subject_alt_name, &critical, NULL);
    // -1: there is no such extension. Anything else without names is broken, or there twice.
    return (certificate->names != NULL || critical == -1) && list_names(certificate);
}

btls_certificate *btls_certificate_new(const uint8_t *data, size_t length) {
    STACK_OF(X509) *list = btls_read_certificates((btls_bytes){data, length}, BTLS_MAX_ROOTS);
    if (list == NULL) {
        return NULL;
    }
    btls_certificate *certificate = OPENSSL_zalloc(sizeof(*certificate));
    if (certificate != NULL) {
        certificate->x509 = sk_X509_shift(list);
        if (!fill(certificate)) {
            btls_certificate_free(certificate);
            certificate = NULL;
        }
    }
    sk_X509_pop_free(list, X509_free);
    ERR_clear_error();
    return certificate;
}

void btls_certificate_free(btls_certificate *certificate) {
    if (certificate == NULL) {
        return;
    }
    OPENSSL_free(certificate->listed);
    GENERAL_NAMES_free(certificate->names);
    X509_free(certificate->x509);
    OPENSSL_free(certificate->der.data);
    OPENSSL_free(certificate->common_name.data);
    OPENSSL_free(certificate->issuer_name.data);
    OPENSSL_free(certificate);
}

btls_bytes btls_certificate_der(const btls_certificate *certificate) {
    return (btls_bytes){certificate->der.data, certificate->der.length};
}

btls_bytes btls_certificate_common_name(const btls_certificate *certificate) {
    return (btls_bytes){certificate->common_name.data, certificate->common_name.length};
}

btls_bytes btls_certificate_issuer_name(const btls_certificate *certificate) {
    return (btls_bytes){certificate->issuer_name.data, certificate->issuer_name.length};
}

static btls_bytes bytes_of(const ASN1_STRING *string) {
    const int length = string != NULL ? ASN1_STRING_length(string) : 0;
    if (length <= 0) {
        return (btls_bytes){NULL, 0};
    }
    return (btls_bytes){ASN1_STRING_get0_data(string), (size_t)length};
}

btls_bytes btls_certificate_serial(const btls_certificate *certificate) {
    return bytes_of(X509_get0_serialNumber(certificate->x509));
}

int64_t btls_certificate_not_before(const btls_certificate *certificate) {
    return certificate->not_before;
}

int64_t btls_certificate_not_after(const btls_certificate *certificate) {
    return certificate->not_after;
}

int btls_certificate_is_ca(const btls_certificate *certificate) {
    const uint32_t flags = X509_get_extension_flags(certificate->x509);
    return (flags & EXFLAG_CA) != 0 && (flags & EXFLAG_INVALID) == 0;
}

uint32_t btls_certificate_usages(const btls_certificate *certificate) {
    if ((X509_get_extension_flags(certificate->x509) & EXFLAG_XKUSAGE) == 0) {
        return 0;
    }
    const uint32_t bits = X509_get_extended_key_usage(certificate->x509);
    uint32_t usages = 0;
    if ((bits & XKU_SSL_SERVER) != 0) {
        usages |= BTLS_USAGE_SERVER;
    }
    if ((bits & XKU_SSL_CLIENT) != 0) {
        usages |= BTLS_USAGE_CLIENT;
    }
    if ((bits & ~(uint32_t)(XKU_SSL_SERVER | XKU_SSL_CLIENT)) != 0 || usages == 0) {
        usages |= BTLS_USAGE_OTHER;
    }
    return usages;
}

size_t btls_certificate_name_count(const btls_certificate *certificate) {
    return certificate->listed_count;
}

btls_bytes btls_certificate_name(
    const btls_certificate *certificate, size_t index, btls_name_kind *kind) {
    *kind = BTLS_NAME_EMAIL;
    if (index >= certificate->listed_count) {
        return (btls_bytes){NULL, 0};
    }
    const GENERAL_NAME *name = certificate->listed[index];
    switch (name->type) {
        case GEN_DNS:
            *kind = BTLS_NAME_DNS;
            return bytes_of(name->d.dNSName);
        case GEN_IPADD:
            *kind = BTLS_NAME_IP;
            return bytes_of(name->d.iPAddress);
        case GEN_URI:
            *kind = BTLS_NAME_URI;
            return bytes_of(name->d.uniformResourceIdentifier);
        default:
            return bytes_of(name->d.rfc822Name);
    }
}

void btls_certificate_fingerprint(const btls_certificate *certificate, uint8_t *out) {
    SHA256(certificate->der.data, certificate->der.length, out);
}

void btls_certificate_public_key_digest(const btls_certificate *certificate, uint8_t *out) {
    memset(out, 0, SHA256_DIGEST_LENGTH);
    uint8_t *info = NULL;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &info);
    if (length > 0) {
        SHA256(info, (size_t)length, out);
        OPENSSL_free(info);
    }
}
