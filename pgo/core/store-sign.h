/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 signatures (libsodium) of SHA-256 digests. What is signed is the
 * text "pgoctl signature 1\nsha256 HEX\n".
 */
#ifndef PGO_CORE_STORE_SIGN_H
#define PGO_CORE_STORE_SIGN_H

#include <sodium.h>

#include "pgo/base/err.h"
#include "pgo/base/strvec.h"

#define SIGN_KEY_HEX_LEN (2 * crypto_sign_PUBLICKEYBYTES)
#define SIGN_HEX_LEN (2 * crypto_sign_BYTES)
#define SIGN_SUFFIX ".sig" /* of the file that holds the signature of the one beside it */

struct sign_key {
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	char public_hex[SIGN_KEY_HEX_LEN + 1];
};
#define SIGN_KEY_INIT { .public_hex = "" }
void sign_key_release(struct sign_key *k); /* the secret is wiped */
PGO_DEFINE_AUTO(sign_key, sign_key_release)

/* Make a key: path, which only its owner can read, and path.pub. Neither may be there yet. */
int sign_key_make(const char *path, struct sign_key *ret, struct pgo_err *err);
/* -PGO_EPERM when others may read or write the file; -PGO_EFORMAT for one that holds no secret
 * key. */
int sign_key_load(const char *path, struct sign_key *ret, struct pgo_err *err);

/* The public keys that are trusted, in hex. */
struct trust {
	struct strvec keys;
};
#define TRUST_INIT { .keys = STRVEC_INIT }
static inline void trust_release(struct trust *t)
{
	strvec_release(&t->keys);
}
PGO_DEFINE_AUTO(trust, trust_release)
/* Add the keys of a file: a public key on each line; blank lines and those that begin with # say
 * nothing. -PGO_EFORMAT. */
int trust_add(struct trust *t, const char *path, struct pgo_err *err);

void sign_digest(const struct sign_key *k, const char *digest, char ret[SIGN_HEX_LEN + 1]);
/* Whether it is the signature of the digest by the key, all in hex. */
bool sign_is_valid(const char *key, const char *digest, const char *signature);

/* Write path.sig for the file at path, of that digest. */
int sign_write(const struct sign_key *k, const char *path, const char *digest, struct pgo_err *err);
/*
 * Whether path.sig is the signature of the digest by a trusted key. -PGO_EMISMATCH: it is not
 * there, or of another key; -PGO_EFORMAT: the file is not the one that was signed, or path.sig is
 * no signature. t NULL: it need not be there, and may be of any key.
 */
int sign_check(const struct trust *t, const char *path, const char *digest, struct pgo_err *err);

#endif
