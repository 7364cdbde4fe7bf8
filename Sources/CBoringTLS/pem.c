// Certificates and keys from bytes: PEM or DER, found out by looking.

#include <limits.h>
#include <string.h>

#include "internal.h"

static int looks_like_pem(btls_bytes bytes) {
    static const char mark[] = "-----BEGIN ";
    const size_t length = sizeof(mark) - 1;
    for (size_t start = 0; bytes.length >= length && start <= bytes.length - length; start++) {
        if (memcmp(bytes.data + start, mark, length) == 0) {
            return 1;
        }
    }
    return 0;
}

/// The default would ask the terminal; an encrypted key is simply unreadable here.
static int no_password(char *buffer, int size, int writing, void *owner) {
    (void)buffer;
    (void)size;
    (void)writing;
    (void)owner;
    return 0;
}

static BIO *open_bytes(btls_bytes bytes) {
    if (bytes.data == NULL || bytes.length == 0 || bytes.length > INT_MAX) {
        return NULL;
    }
    return BIO_new_mem_buf(bytes.data, (ossl_ssize_t)bytes.length);
}

static int append(STACK_OF(X509) *list, X509 *certificate, size_t limit) {
    if (certificate == NULL || sk_X509_num(list) >= limit || !sk_X509_push(list, certificate)) {
        X509_free(certificate);
        return 0;
    }
    return 1;
}

static int read_pem(STACK_OF(X509) *list, btls_bytes bytes, size_t limit) {
    BIO *bio = open_bytes(bytes);
    if (bio == NULL) {
        return 0;
    }
    int good = 1;
    for (;;) {
        X509 *next = PEM_read_bio_X509(bio, NULL, no_password, NULL);
        if (next == NULL) {
            const uint32_t error = ERR_peek_last_error();
            const int at_end = ERR_GET_LIB(error) == ERR_LIB_PEM
                && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
            good = at_end && sk_X509_num(list) > 0;
            break;
        }
        if (!append(list, next, limit)) {
            good = 0;
            break;
        }
    }
    BIO_free(bio);
    return good;
}

static int read_der(STACK_OF(X509) *list, btls_bytes bytes, size_t limit) {
    if (bytes.data == NULL || bytes.length > LONG_MAX) {
        return 0;
    }
    const uint8_t *next = bytes.data;
    X509 *certificate = d2i_X509(NULL, &next, (long)bytes.length);
    if (certificate != NULL && next != bytes.data + bytes.length) {
        X509_free(certificate);
        return 0;
    }
    return append(list, certificate, limit);
}

STACK_OF(X509) *btls_read_certificates(btls_bytes bytes, size_t limit) {
    STACK_OF(X509) *list = sk_X509_new_null();
    if (list == NULL) {
        return NULL;
    }
    const int good =
        looks_like_pem(bytes) ? read_pem(list, bytes, limit) : read_der(list, bytes, limit);
    ERR_clear_error();
    if (!good) {
        sk_X509_pop_free(list, X509_free);
        return NULL;
    }
    return list;
}

EVP_PKEY *btls_read_private_key(btls_bytes bytes) {
    EVP_PKEY *key = NULL;
    if (looks_like_pem(bytes)) {
        BIO *bio = open_bytes(bytes);
        if (bio != NULL) {
            key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
            BIO_free(bio);
        }
    } else if (bytes.data != NULL && bytes.length > 0 && bytes.length <= LONG_MAX) {
        const uint8_t *next = bytes.data;
        key = d2i_AutoPrivateKey(NULL, &next, (long)bytes.length);
    }
    ERR_clear_error();
    return key;
}
