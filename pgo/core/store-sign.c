/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/store-sign.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/core/digest.h"

#define SECRET_WORD "pgoctl-secret-key-1"
#define PUBLIC_WORD "pgoctl-public-key-1"
#define HEAD "pgoctl signature 1\nsha256 "
#define MAX_FILE_BYTES (1 << 20)

void sign_key_release(struct sign_key *k)
{
	sodium_memzero(k, sizeof(*k));
}

/* Exactly len bytes from lower-case hex. */
static bool from_hex(const char *hex, size_t hex_len, unsigned char *out, size_t len)
{
	size_t got = 0;

	return hex_len == 2 * len && strspn(hex, "0123456789abcdef") >= hex_len &&
	       !sodium_hex2bin(out, len, hex, hex_len, NULL, &got, NULL) && got == len;
}

/* A file that others could have put there, or read, holds no secret. */
static int check_secret(int fd, const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) quoted = STRBUF_INIT;
	struct stat st;

	if (fstat(fd, &st))
		return pgo_error_errno(err, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return pgo_error(err, PGO_EUSAGE, "'%s' is no file with a key", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return pgo_error(err, PGO_EPERM, "the secret key '%s' belongs to another user",
				 path);
	if (!(st.st_mode & (S_IRWXG | S_IRWXO)))
		return 0;
	pgo_error(err, PGO_EPERM, "the secret key '%s' is open to others (mode %03o)", path,
		  (unsigned)st.st_mode & 0777);
	strbuf_addquoted(&quoted, path);
	return pgo_err_hint(err,
			    "chmod 600 %s, and make a new one if others had the chance to "
			    "read it",
			    quoted.buf);
}

static int read_all(int fd, const char *path, struct strbuf *out, struct pgo_err *err)
{
	ssize_t n;

	do {
		strbuf_grow(out, 4096);
		n = read(fd, out->buf + out->len, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pgo_error_errno(err, "cannot read '%s'", path);
		strbuf_setlen(out, out->len + (size_t)n);
		if (out->len > MAX_FILE_BYTES)
			return pgo_error(err, PGO_EFORMAT, "'%s' is too large to hold keys", path);
	} while (n);
	return 0;
}

/* The hex behind "WORD " on the line; NULL: the line is another. *len: up to the next blank. */
static const char *after_word(const char *line, const char *word, size_t *len)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0 || line[n] != ' ')
		return NULL;
	*len = strcspn(line + n + 1, " \t\r\n");
	return line + n + 1;
}

int sign_key_load(const char *path, struct sign_key *ret, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char seed[crypto_sign_SEEDBYTES], public[crypto_sign_PUBLICKEYBYTES];
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	const char *hex;
	size_t len = 0;
	int code;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	code = check_secret(fd, path, err);
	if (!code)
		code = read_all(fd, path, &text, err);
	if (code)
		return code;
	hex = after_word(text.buf, SECRET_WORD, &len);
	if (hex && from_hex(hex, len, seed, sizeof(seed))) {
		crypto_sign_seed_keypair(public, ret->secret, seed);
		sodium_bin2hex(ret->public_hex, sizeof(ret->public_hex), public, sizeof(public));
	} else {
		code = pgo_error(err, PGO_EFORMAT, "'%s' holds no secret key", path);
		pgo_err_hint(err, "pgoctl store keygen FILE makes one");
	}
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(text.buf, text.len);
	return code;
}

static int create(const char *path, mode_t mode, const char *text, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int ret;

	if (fd < 0 && errno == EEXIST) {
		pgo_error(err, PGO_EUSAGE, "'%s' is there already", path);
		return pgo_err_hint(err, "name another file: a key is not written over");
	}
	if (fd < 0)
		return pgo_error_errno(err, "cannot create '%s'", path);
	ret = fs_write_all(fd, text, strlen(text));
	if (!ret && fsync(fd))
		ret = -errno;
	if (!ret)
		return 0;
	unlink(path);
	errno = -ret;
	return pgo_error_errno(err, "cannot write '%s'", path);
}

int sign_key_make(const char *path, struct sign_key *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *public_path = xstrfmt("%s.pub", path);
	unsigned char seed[crypto_sign_SEEDBYTES], public[crypto_sign_PUBLICKEYBYTES];
	char seed_hex[2 * sizeof(seed) + 1];
	PGO_AUTO_FREE char *public_text = NULL, *text = NULL;
	int code;

	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(public, ret->secret, seed);
	sodium_bin2hex(ret->public_hex, sizeof(ret->public_hex), public, sizeof(public));
	sodium_bin2hex(seed_hex, sizeof(seed_hex), seed, sizeof(seed));
	text = xstrfmt(SECRET_WORD " %s\n", seed_hex);
	public_text = xstrfmt(PUBLIC_WORD " %s\n", ret->public_hex);
	code = create(path, 0600, text, err);
	if (!code) {
		code = create(public_path, 0644, public_text, err);
		if (code)
			unlink(path);
	}
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(seed_hex, sizeof(seed_hex));
	sodium_memzero(text, strlen(text));
	return code;
}

static int add_line(struct trust *t, const char *line, const char *path, unsigned nr,
		    struct pgo_err *err)
{
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	size_t len = 0;
	const char *hex = after_word(line, PUBLIC_WORD, &len);

	if (hex && from_hex(hex, len, public, sizeof(public))) {
		strvec_push_take(&t->keys, xstrndup(hex, len));
		return 0;
	}
	pgo_error_at(err, PGO_EFORMAT, path, -1, "line %u of '%s' is no public key", nr, path);
	if (after_word(line, SECRET_WORD, &len))
		pgo_err_hint(err, "it is a secret key: name the file beside it with .pub");
	return -PGO_EFORMAT;
}

int trust_add(struct trust *t, const char *path, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	size_t before = t->keys.nr;
	unsigned nr = 0;
	int ret = fd < 0 ? pgo_error_errno(err, "cannot open '%s'", path)
			 : read_all(fd, path, &text, err);

	for (const char *line = text.buf; !ret && *line;
	     line += strcspn(line, "\n"), line += !!*line) {
		nr++;
		if (!strchr("#\n", *line))
			ret = add_line(t, line, path, nr, err);
	}
	if (!ret && t->keys.nr == before)
		ret = pgo_error(err, PGO_EFORMAT, "'%s' holds no public key", path);
	return ret;
}

static char *message_of(const char *digest)
{
	return xstrfmt(HEAD "%s\n", digest);
}

void sign_digest(const struct sign_key *k, const char *digest, char ret[SIGN_HEX_LEN + 1])
{
	PGO_AUTO_FREE char *message = message_of(digest);
	unsigned char raw[crypto_sign_BYTES];

	crypto_sign_detached(raw, NULL, (const unsigned char *)message, strlen(message), k->secret);
	sodium_bin2hex(ret, SIGN_HEX_LEN + 1, raw, sizeof(raw));
}

bool sign_is_valid(const char *key, const char *digest, const char *signature)
{
	PGO_AUTO_FREE char *message = message_of(digest);
	unsigned char public[crypto_sign_PUBLICKEYBYTES], raw[crypto_sign_BYTES];

	return from_hex(key, strlen(key), public, sizeof(public)) &&
	       from_hex(signature, strlen(signature), raw, sizeof(raw)) &&
	       !crypto_sign_verify_detached(raw, (const unsigned char *)message, strlen(message),
					    public);
}

int sign_write(const struct sign_key *k, const char *path, const char *digest, struct pgo_err *err)
{
	PGO_AUTO_FREE char *file = xstrfmt("%s" SIGN_SUFFIX, path), *text = NULL;
	char signature[SIGN_HEX_LEN + 1];

	sign_digest(k, digest, signature);
	text = xstrfmt(HEAD "%s\nkey %s\ned25519 %s\n", digest, k->public_hex, signature);
	return fs_write_atomic(file, text, strlen(text), 0666, err);
}

struct sig_file {
	char digest[DIGEST_HEX_LEN + 1], key[SIGN_KEY_HEX_LEN + 1], signature[SIGN_HEX_LEN + 1];
};

/* "WORD HEX\n" at *text, which goes on behind it. */
static bool take_hex(const char **text, const char *word, char *out, size_t hex_len)
{
	size_t len = 0;
	const char *hex = after_word(*text, word, &len);

	if (!hex || len != hex_len || hex[len] != '\n')
		return false;
	memcpy(out, hex, len);
	out[len] = '\0';
	*text = hex + len + 1;
	return true;
}

static bool parse(const char *text, struct sig_file *ret)
{
	static const char first[] = "pgoctl signature 1\n";

	if (strncmp(text, first, sizeof(first) - 1) != 0)
		return false;
	text += sizeof(first) - 1;
	return take_hex(&text, "sha256", ret->digest, DIGEST_HEX_LEN) &&
	       take_hex(&text, "key", ret->key, SIGN_KEY_HEX_LEN) &&
	       take_hex(&text, "ed25519", ret->signature, SIGN_HEX_LEN) && !*text;
}

int sign_check(const struct trust *t, const char *path, const char *digest, struct pgo_err *err)
{
	PGO_AUTO_FREE char *file = xstrfmt("%s" SIGN_SUFFIX, path);
	PGO_AUTO_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC);
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct sig_file sig;
	int ret;

	if (fd < 0 && errno == ENOENT && !t)
		return 0;
	if (fd < 0 && errno == ENOENT) {
		pgo_error(err, PGO_EMISMATCH, "'%s' is not signed: there is no '%s'", path, file);
		return pgo_err_hint(err, "pgoctl store export --key FILE writes it");
	}
	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", file);
	ret = read_all(fd, file, &text, err);
	if (ret)
		return ret;
	if (!parse(text.buf, &sig))
		return pgo_error(err, PGO_EFORMAT, "'%s' is no signature", file);
	if (t && !strvec_has(&t->keys, sig.key))
		return pgo_error(err, PGO_EMISMATCH,
				 "'%s' is signed by the key %.16s, which is "
				 "not trusted",
				 path, sig.key);
	if (strcmp(sig.digest, digest) != 0)
		return pgo_error(err, PGO_EFORMAT,
				 "'%s' is not the file that was signed: its "
				 "SHA-256 is %s",
				 path, digest);
	if (!sign_is_valid(sig.key, digest, sig.signature))
		return pgo_error(err, PGO_EFORMAT, "the signature '%s' is false", file);
	return 0;
}
