/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/progress.h"

#include <inttypes.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pgo/base/clock.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/strbuf.h"

static struct {
	struct strbuf title, what;
	size_t done, total;
	uint64_t start_ns, drawn_ns;
	bool active, shown;
} state = { .title = STRBUF_INIT, .what = STRBUF_INIT };

static size_t columns(void)
{
	struct winsize ws;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) && ws.ws_col > 10 ? ws.ws_col : 80;
}

static void draw(void)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	size_t width = columns() - 1;
	uint64_t elapsed_s;

	strbuf_addstr(&line, state.title.buf);
	if (state.total)
		strbuf_addf(&line, "  %zu/%zu (%zu%%)", state.done, state.total,
			    state.done * 100 / state.total);
	elapsed_s = (clock_now_ns() - state.start_ns) / 1000000000u;
	strbuf_addf(&line, "  %" PRIu64 ":%02" PRIu64, elapsed_s / 60, elapsed_s % 60);
	if (state.what.len) {
		strbuf_addstr(&line, "  ");
		strbuf_addvis(&line, state.what.buf);
	}
	if (line.len > width)
		strbuf_setlen(&line, width);
	strbuf_addstr(&line, "\033[K");
	fs_write_all(STDERR_FILENO, "\r", 1);
	fs_write_all(STDERR_FILENO, line.buf, line.len);
	state.shown = true;
	state.drawn_ns = clock_now_ns();
}

void progress_start(const char *title, size_t total)
{
	progress_stop();
	strbuf_clear(&state.title);
	strbuf_addvis(&state.title, title);
	strbuf_clear(&state.what);
	state.done = 0;
	state.total = total;
	state.start_ns = clock_now_ns();
	state.active = isatty(STDERR_FILENO) && log_get_level() >= LOG_INFO;
	if (state.active)
		draw();
}

void progress_step(size_t done, const char *what)
{
	state.done = done;
	strbuf_clear(&state.what);
	if (what)
		strbuf_addstr(&state.what, what);
	if (state.active)
		draw();
}

void progress_tick(void)
{
	if (state.active && clock_now_ns() - state.drawn_ns > 500000000u)
		draw();
}

void progress_wipe(void)
{
	if (state.shown)
		fs_write_all(STDERR_FILENO, "\r\033[K", 4);
	state.shown = false;
}

void progress_stop(void)
{
	progress_wipe();
	state.active = false;
}
