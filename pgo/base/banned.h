/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that have no safe use here; included by the build into every C file. */
#ifndef PGO_BASE_BANNED_H
#define PGO_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat strtok atoi atol atoll sprintf vsprintf
#pragma GCC poison system popen localtime gmtime ctime asctime tmpnam mktemp gets

#endif
