/* SPDX-License-Identifier: Apache-2.0 */
/* Write data to compress, the same for the same arguments. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NR_WORDS = 4096, NR_NEXT = 8, MAX_WORD = 16, HISTORY = 1 << 16 };

struct maker {
	uint64_t state;
	size_t left; /* bytes still to write */
	char words[NR_WORDS][MAX_WORD];
	unsigned next[NR_WORDS][NR_NEXT];
	unsigned char history[HISTORY];
	size_t written;
	unsigned word, column;
	uint64_t clock;
};

/* xorshift64* */
static uint32_t any(struct maker *m)
{
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return (uint32_t)((m->state * 2685821657736338717u) >> 32);
}

static uint32_t below(struct maker *m, uint32_t limit)
{
	return (uint32_t)(((uint64_t)any(m) * limit) >> 32);
}

/* Small numbers are the likely ones, about as words of a language are. */
static unsigned rank(struct maker *m)
{
	return below(m, 1u << (1 + below(m, 12)));
}

static void put(struct maker *m, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	if (n > m->left)
		n = m->left;
	fwrite(p, 1, n, stdout);
	m->left -= n;
	for (; n; n--)
		m->history[m->written++ % HISTORY] = *p++;
}

static void make_words(struct maker *m)
{
	static const char first[] = "bcdfghklmnprstvw", second[] = "aeiouaeioy";
	unsigned i, k, n;

	for (i = 0; i < NR_WORDS; i++) {
		n = 1 + below(m, i < 64 ? 4 : 8);
		for (k = 0; k < n; k++)
			m->words[i][k] = k % 2 ? second[below(m, 10)] : first[below(m, 16)];
		if (below(m, 3) == 0)
			m->words[i][k] = 's';
		for (k = 0; k < NR_NEXT; k++)
			m->next[i][k] = rank(m);
	}
}

static void put_text(struct maker *m)
{
	const char *gap = " ";

	m->word = below(m, 5) < 3 ? m->next[m->word][below(m, NR_NEXT)] : rank(m);
	put(m, m->words[m->word], strlen(m->words[m->word]));
	m->column += (unsigned)strlen(m->words[m->word]) + 1;
	if (below(m, 12) == 0)
		gap = below(m, 4) ? ", " : ". ";
	if (m->column > 72) {
		gap = below(m, 9) ? "\n" : ".\n\n";
		m->column = 0;
	}
	put(m, gap, strlen(gap));
}

static void put_number(struct maker *m, uint64_t value, unsigned nr_bytes)
{
	unsigned char bytes[8];
	unsigned i;

	for (i = 0; i < nr_bytes; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	put(m, bytes, nr_bytes);
}

/* A record as programs write them to disk: time, id, flags, two samples. */
static void put_record(struct maker *m)
{
	m->clock += 1000 + below(m, 64);
	put_number(m, m->clock, 8);
	put_number(m, 0x4000 + rank(m) % 300, 4);
	put_number(m, below(m, 10) ? 1 : any(m) & 0xff, 4);
	put_number(m, 5000 + below(m, 256) + below(m, 256), 4);
	put_number(m, (uint64_t)below(m, 1 << 20) << 12, 8);
	put_number(m, 0, 4);
}

static void put_log_line(struct maker *m)
{
	const char *level = below(m, 8) ? "info" : "warning";
	const char *unit = m->words[rank(m) % 40];
	unsigned size = below(m, 100000);
	char line[160];
	int n;

	m->clock += below(m, 2000);
	n = snprintf(line, sizeof(line),
		     "{\"time\":%llu,\"level\":\"%s\",\"unit\":\"%s\",\"size\":%u}\n",
		     (unsigned long long)m->clock, level, unit, size);
	put(m, line, (size_t)n);
}

static void put_copy(struct maker *m)
{
	unsigned char copy[512];
	size_t n = 16 + below(m, 240);
	size_t back = 600 + below(m, HISTORY - 600), i;

	if (m->written < HISTORY)
		return;
	for (i = 0; i < n; i++)
		copy[i] = m->history[(m->written - back + i) % HISTORY];
	put(m, copy, n);
}

static void put_noise(struct maker *m)
{
	put_number(m, any(m), 4);
}

/* Stretches of all of these, as in an archive of files. */
static void put_mixed(struct maker *m)
{
	static void (*const kinds[])(struct maker *m) = {
		put_text, put_record, put_log_line, put_copy, put_noise,
	};
	void (*kind)(struct maker *) = kinds[below(m, 5)];
	unsigned n = 20 + below(m, 200);

	while (n-- && m->left)
		kind(m);
}

int main(int argc, char **argv)
{
	static struct maker m;
	void (*kind)(struct maker *) = NULL;

	if (argc == 4) {
		m.left = strtoul(argv[2], NULL, 10);
		m.state = (strtoul(argv[3], NULL, 10) + 1) * 2654435761u;
		if (!strcmp(argv[1], "text"))
			kind = put_text;
		else if (!strcmp(argv[1], "binary"))
			kind = put_record;
		else if (!strcmp(argv[1], "mixed"))
			kind = put_mixed;
	}
	if (!kind) {
		fputs("usage: mkdata text|binary|mixed SIZE SEED\n", stderr);
		return 2;
	}
	make_words(&m);
	while (m.left)
		kind(&m);
	if (fflush(stdout)) {
		perror("mkdata: cannot write");
		return 1;
	}
	return 0;
}
