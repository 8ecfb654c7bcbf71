/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivm.h"

static char *read_text(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	size_t room = 0, n = 1;
	char *text = NULL;

	if (!f)
		return NULL;
	for (*len = 0; n > 0; *len += n) {
		text = grow(text, &room, *len + 4096, 1);
		n = fread(text + *len, 1, 4096, f);
	}
	if (ferror(f)) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static int run_text(const char *text, size_t len, int argc, char **argv)
{
	static struct vm vm;
	struct function *program;
	int rc = -1;

	if (vm_init(&vm, argc, argv) < 0)
		return -1;
	program = compile(&vm, text, len);
	if (program)
		rc = vm_run(&vm, program);
	if (rc < 0)
		fprintf(stderr, "minivm: %s\n", vm.error);
	vm_release(&vm);
	return rc;
}

int main(int argc, char **argv)
{
	char *text;
	size_t len;
	int rc;

	if (argc < 2) {
		fputs("usage: minivm FILE [ARGUMENT...]\n", stderr);
		return 2;
	}
	text = read_text(argv[1], &len);
	if (!text) {
		fprintf(stderr, "minivm: cannot read '%s': %s\n", argv[1], strerror(errno));
		return 1;
	}
	rc = run_text(text, len, argc - 2, argv + 2);
	free(text);
	if (fflush(stdout)) {
		perror("minivm: cannot write");
		rc = -1;
	}
	return rc < 0 ? 1 : 0;
}
