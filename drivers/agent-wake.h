/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent's thread is asked for a snapshot, and says that it is written. Macros alone. */
#ifndef PGO_DRIVERS_AGENT_WAKE_H
#define PGO_DRIVERS_AGENT_WAKE_H

/* Sent to the thread alone (tgkill). The C library's SIGRTMAX, which is a call. */
#define AGENT_WAKE (SIGRTMAX - 5)
/* The thread's name in /proc/PID/task/TID/comm is this and the number of its snapshots. */
#define AGENT_THREAD "pgoctl-"
/* Behind the number when an image could not be written. */
#define AGENT_NOT_ALL "!"
/* In the environment: a snapshot as often as this, in milliseconds. */
#define AGENT_EVERY "PGOCTL_AGENT_EVERY_MS"

/* In the environment: a folder where each process that counts has a file, named by its number,
 * until its counts are saved at its end. */
#define AGENT_RUNNING "PGOCTL_AGENT_RUNNING"

#endif
