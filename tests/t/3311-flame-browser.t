#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The flame graph in a real browser: zoom, search and keys, no errors, nothing asked of a network.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need chromium

# browse FILE [#FRAGMENT]: the document as it is after its scripts; console messages apart.
browse() {
	timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--user-data-dir="$tmp/profile" --enable-logging=stderr --window-size=1000,700 \
		--dump-dom "file://$PWD/$1${2:-}" >"$tmp/out" 2>"$tmp/err" </dev/null
	dom=$(cat "$tmp/out")
	console=$(grep CONSOLE "$tmp/err")
}

# said NAME: what the probe has written down under that name.
said() { printf '%s\n' "$dom" | grep -o "data-$1=\"[^\"]*\"" | head -n 1 | sed 's/^[^"]*"//; s/"$//'; }

# probe FILE: the graph with a script more, which uses it as a person does.
probe() {
	sed '$d' "$1"
	cat <<'END'
<script><![CDATA[
(function () {
	var svg = document.documentElement, seen = svg.dataset;
	var line = document.getElementById("line"), input = document.querySelector("input");
	var frame = function (name) {
		return Array.from(svg.querySelectorAll("g.f")).find(function (g) {
			return g.querySelector("title").textContent.split("\n")[0] === name;
		});
	};
	var width = function (name) { return +frame(name).querySelector("rect").getAttribute("width"); };
	var click = function (e) { e.dispatchEvent(new MouseEvent("click", { bubbles: true })); };
	var press = function (e, key) {
		e.dispatchEvent(new KeyboardEvent("keydown", { key: key, bubbles: true }));
	};
	var search = function (text) {
		input.value = text;
		input.dispatchEvent(new Event("input"));
		return document.querySelector("output").textContent;
	};
	seen.wide = svg.getAttribute("width") + " " + width("main");
	seen.small = frame("a").querySelector("text") ? "text" : "none";
	click(frame("a"));
	seen.zoomed = width("a") + " " + frame("b").style.display + " " +
		frame("main").classList.contains("over");
	seen.text = frame("a").querySelector("text").textContent;
	seen.hash = location.hash;
	press(frame("a"), "Escape");
	seen.back = width("main") + " " + frame("b").style.display;
	seen.found = search("A");
	seen.hits = svg.querySelectorAll(".hit").length;
	seen.pattern = search("/^b$/");
	seen.broken = search("/(/");
	seen.nested = search("m");
	seen.none = search("");
	frame("main").dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
	seen.tip = line.textContent;
	frame("main").focus();
	press(frame("main"), "ArrowDown");
	seen.down = line.textContent;
	press(document.activeElement, "ArrowLeft");
	seen.left = line.textContent;
	press(document.activeElement, "Enter");
	seen.enter = location.hash;
	press(document.activeElement, "/");
	seen.active = document.activeElement.tagName;
	var by = Array.from(document.querySelectorAll("button")).find(function (b) {
		return /Colours/.test(b.textContent);
	});
	if (by) {
		click(by);
		seen.by = svg.getAttribute("class") + " " + by.textContent;
	}
})();
]]></script>
</svg>
END
}

# The check of the console sees what it is there for.
echo '<svg xmlns="http://www.w3.org/2000/svg"><script>nothing.at.all</script></svg>' >bad.svg
browse bad.svg
like "$console" 'nothing is not defined' 'an error of a script is seen on the console'

printf 't;main;b 986\nt;main;a;m 4\nt;main;<script>alert(1)</script>&amp%s 10\n' "'\"" >new
printf 't;main;b 100\nt;main;a;m 90\n' >old
exits 0 'a graph' "$pgoctl" report flame new -o new.svg
browse new.svg
is "$console" '' 'it is drawn without an error'
like "$dom" '&lt;script&gt;alert\(1\)&lt;/script&gt;&amp;amp' 'a name is text'
probe new.svg >probed.svg
browse probed.svg
is "$console" '' 'it is used without an error'
is "$(said wide)" '1000 979.4' 'it is as wide as its window'
is "$(said small)" none 'a narrow frame has no text'
is "$(said zoomed)" '979.4 none true' 'a click zooms: that frame is all, its callers are above it'
is "$(said text)" a 'then it has its text'
is "$(said hash)" '#zoom=4' 'the address keeps it'
is "$(said back)" '979.4 ' 'Escape goes back'
is "$(said found)" '100.0 % matched' 'the search looks at no case'
is "$(said hits)" 3 'and marks frames'
is "$(said pattern)" '98.6 % matched' 'a regular expression'
is "$(said broken)" 'no regular expression' 'one that is none'
is "$(said nested)" '100.0 % matched' 'what is within another match counts once'
is "$(said none)" '' 'no search'
is "$(said tip)" 'main  1,000 samples, 100.00 %, self 0.00 %' 'the line tells of a frame'
is "$(said down)" 'b  986 samples, 98.60 %, self 98.60 %' 'an arrow goes to the widest callee'
is "$(said left)" 'a  4 samples, 0.40 %, self 0.00 %' 'to the one on the left'
is "$(said enter)" '#zoom=4' 'Enter zooms'
is "$(said active)" input '/ goes to the search'
browse new.svg '#search=b&zoom=2'
like "$dom" '98.6 % matched' 'the address tells what to search for'
like "$dom" '<g class="f thread over"' 'and where to zoom to'
is "$console" '' 'without an error'

exits 0 'a comparison' "$pgoctl" report flame new -b old -o diff.svg
probe diff.svg >probed.svg
browse probed.svg
is "$console" '' 'is used without an error'
is "$(said by)" 'by-self Colours by self' 'a button changes the colours'
is "$(said tip)" 'main  total 100.00 % (baseline 100.00 %, +0.00), self 0.00 % (baseline 0.00 %, +0.00)' \
	'the line tells both shares'
browse diff.svg '#by=self&search=%E0%A4%A&zoom=99'
is "$console" '' 'a damaged address does no harm'
like "$dom" 'class="by-self"' 'what is right in it is taken'
done_testing
