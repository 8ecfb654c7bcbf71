/* SPDX-License-Identifier: Apache-2.0 */
/* A test's own folder, empty at first, in which it runs. */
#ifndef TESTS_LIB_FOLDER_H
#define TESTS_LIB_FOLDER_H

extern const char *folder; /* its absolute path, from folder_enter() to folder_leave() */

/* A cmocka set-up and tear-down; neither looks at the state. */
int folder_enter(void **state);
int folder_leave(void **state);

/* Write a file of this text, with the folders that it stands in. */
void folder_put(const char *path, const char *text);
/* Fail unless the file has just this text. */
void folder_has(const char *path, const char *text);

#endif
