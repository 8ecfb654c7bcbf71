#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page of a validation in a real browser: drawn whole, no errors, nothing asked of a network.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

sample=$builddir/tests/lib/html-sample
[ -x "$sample" ] || skip_all "no $sample"
need chromium

# browse FILE [WIDTH]: the document as it is after its scripts; console messages in $tmp/err.
browse() {
	timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--user-data-dir="$tmp/profile" --enable-logging=stderr --window-size="${2:-1200},900" \
		--dump-dom "file://$PWD/$1" >"$tmp/out" 2>"$tmp/err" </dev/null
	dom=$(cat "$tmp/out")
	console=$(grep CONSOLE "$tmp/err")
}

# tally TEXT: how often the document has it.
tally() { printf '%s\n' "$dom" | grep -oF -e "$1" | wc -l; }

# probe FILE: the page and a script that uses it and writes down what it saw.
probe() {
	cat "$1"
	cat <<'END'
<script>
(function () {
	var seen = document.body.dataset, tip = document.getElementById("tip");
	var plot = document.querySelector("svg.plot"), root = document.documentElement;
	var press = function (key) {
		plot.dispatchEvent(new KeyboardEvent("keydown", { key: key, bubbles: true }));
	};
	var small = Array.from(document.querySelectorAll("svg.plot")).filter(function (s) {
		return s.getBoundingClientRect().width < 200;
	});
	seen.wide = root.scrollWidth > innerWidth;
	seen.small = small.length;
	press("ArrowRight");
	seen.first = tip.textContent;
	press("ArrowLeft");
	seen.last = tip.textContent;
	press("Escape");
	seen.hidden = tip.hidden;
	document.querySelector(".run").dispatchEvent(
		new PointerEvent("pointerover", { bubbles: true }));
	seen.hover = tip.textContent;
	seen.pairs = JSON.parse(document.getElementById("evidence").textContent).pairs.length;
})();
</script>
END
}

# The check of the console sees what it is there for.
echo '<!DOCTYPE html><title>x</title><script>nothing.at.all</script>' >bad.html
browse bad.html
like "$console" 'nothing is not defined' 'an error of a script is seen on the console'
printf '%s' '<!DOCTYPE html><title>x</title><meta http-equiv="Content-Security-Policy"' \
	' content="default-src '"'none'"'"><img src="bad.html">' >csp.html
browse csp.html
like "$console" 'Content Security Policy' 'a refused request is seen on the console'

for case in faster ten unbounded hostile all-invalid none; do
	"$sample" "$case" >"$case.html" || exit 1
	pairs=$(grep -oE '"kind":"a[ab]"' "$case.html" | wc -l)
	browse "$case.html"
	is "$console" '' "$case: nothing on the console"
	is "$(tally '<use class="pair')" "$pairs" "$case: a mark for each of $pairs pairs"
	is "$(tally '<script')" 2 "$case: no script but its own"
	like "$dom" '</html>' "$case: drawn whole"
done
browse faster.html
is "$(tally 'class="plot"')" 12 'three workloads with three charts, the whole with two, the A/A pairs'
is "$(tally 'tabindex="0"')" 16 'charts and the four tables that may scroll are in the order of tabs'
like "$dom" '<title>FASTER: ' 'the title tells the verdict'
browse hostile.html
like "$dom" '&lt;script&gt;alert' 'a hostile name is text'

for width in 400 1200; do
	probe faster.html >probe.html
	browse probe.html "$width"
	is "$console" '' "$width px: nothing on the console"
	like "$dom" 'data-wide="false"' "$width px: the page does not scroll sideways"
	like "$dom" 'data-small="0"' "$width px: no chart is squeezed"
done
like "$dom" 'data-first="Round 1: ' 'the right arrow tells the first mark'
like "$dom" 'data-last="Round 27: ' 'the left arrow goes round to the last'
like "$dom" 'data-hidden="true"' 'escape puts the words away'
like "$dom" 'data-hover="baseline, run 1: ' 'so does the pointer tell a mark'
like "$dom" 'data-pairs="100"' 'the numbers are JSON'

done_testing
