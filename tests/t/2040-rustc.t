#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rustc, really, alone and under cargo: crates of the program get the flags, what runs inside the
# build does not.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need rustc cargo
rustc=$(command -v rustc)
llvm=$("$rustc" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
profdata=
for tool_name in "llvm-profdata-$llvm" llvm-profdata; do
	have "$tool_name" && profdata=$tool_name && break
done
test -n "$profdata" || skip_all "no llvm-profdata of LLVM $llvm"

have "clang-$llvm" || skip_all "no clang-$llvm"

# Debian 12's own rustc comes without the profiler's runtime; rustup's has it.
echo 'fn main() {}' >probe.rs
"$rustc" -Cprofile-generate -o probe probe.rs >probe.log 2>&1 ||
	skip_all "this rustc cannot instrument: $(head -n 1 probe.log)"

TEST_RUSTC=$rustc
export TEST_RUSTC
rust_stage() { stage "clang-$llvm" "$@"; }
total() { "$profdata" show --counts --function=work "$1" | sed -n 's/ *Block counts: *\[\(.*\)\]/\1/p' | head -n 1; }

# --- one file
cat >m.rs <<'X'
#[inline(never)]
fn work(x: i64) -> i64 {
    if x % 3 != 0 { x } else { -x }
}
fn main() {
    let mut s = 0;
    for i in 0..std::hint::black_box(100) { s += work(i); }
    println!("{}", s);
}
X
rust_stage instrumented
is "$(build sh -c 'echo "$RUSTC"')" "$shims/rust/rustc" "RUSTC"
ok "an instrumented program" build rustc -O m.rs -o m1
is "$(count links)" 1 "it is linked through the wrapper, too"
"$tool" train rustc "$tmp/raw" ./m1 >/dev/null
"$profdata" merge "$tmp"/raw/*.profraw -o "$tmp/p.profdata"
is "$(total "$tmp/p.profdata" | tr ',' '\n' | sort -n | tail -n 1 | tr -d ' ')" 100 "its counts"
is "$(find . -name '*.profraw')" "" "in their folder"
rust_stage optimized "$tmp/p.profdata"
ok "an optimized program" build rustc -O m.rs -o m2
is "$(./m2)" "1584" "which works"
is "$(calls | sed 's/.*failed/failed/')" \
	"failed=0 stale=0 missing=0 mismatch=0 out-of-date=0 corrupt=0" "without a warning"
echo garbage >"$tmp/bad.profdata"
rust_stage optimized "$tmp/bad.profdata"
run build rustc -O m.rs -o m3
is "$(count corrupt)" 1 "a corrupt profile is counted"
run build rustc -vV
run build rustc --print sysroot
is "$(count passed)" 2 "questions are left alone"
printf '%s\n' -O m.rs -o 'm 4' >rsp
rust_stage instrumented
ok "a response file" build rustc @rsp
is "$(logged compile)" "m.rs: -Cprofile-generate" "is looked into"

# --- a workspace with a build script and a procedural macro
mkdir -p app/src dep/src mac/src
cat >Cargo.toml <<'X'
[workspace]
members = ["app", "dep", "mac"]
resolver = "2"
X
package() { printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n' "$1"; }
{ package app; printf '[dependencies]\ndep = { path = "../dep" }\nmac = { path = "../mac" }\n'; } >app/Cargo.toml
package dep >dep/Cargo.toml
{ package mac; printf '[lib]\nproc-macro = true\n'; } >mac/Cargo.toml
cat >dep/src/lib.rs <<'X'
#[inline(never)]
pub fn work(x: i64) -> i64 { if x % 3 != 0 { x } else { -x } }
X
cat >mac/src/lib.rs <<'X'
use proc_macro::TokenStream;
#[proc_macro]
pub fn limit(_: TokenStream) -> TokenStream { "100".parse().unwrap() }
X
echo 'fn main() { println!("cargo:rerun-if-changed=build.rs"); }' >app/build.rs
cat >app/src/main.rs <<'X'
fn main() {
    let mut s = 0;
    for i in 0..std::hint::black_box(mac::limit!()) { s += dep::work(i); }
    println!("{}", s);
}
X
export CARGO_TERM_COLOR=never
rust_stage instrumented
rm -rf "$tmp/raw"
ok "cargo build, instrumented" build cargo build -q --offline --release
is "$(logged compile | grep rs: | sort | tr '\n' ' ')" \
	"app/src/main.rs: -Cprofile-generate dep/src/lib.rs: -Cprofile-generate " "the program's crates"
is "$(logged passed | grep -c 'build.rs: $\|mac/src/lib.rs: $')" 2 "not the build script nor the macro"
"$tool" train rustc "$tmp/raw" target/release/app >/dev/null
"$profdata" merge "$tmp"/raw/*.profraw -o "$tmp/p.profdata"
is "$(total "$tmp/p.profdata" | tr ',' '\n' | sort -n | tail -n 1 | tr -d ' ')" 100 "counts of a dependency"
rm -rf target
rust_stage optimized "$tmp/p.profdata"
ok "cargo build, optimized" build cargo build -q --offline --release
is "$(target/release/app)" 1584 "the program works"
is "$(calls | sed 's/.*missing/missing/')" "missing=0 mismatch=0 out-of-date=0 corrupt=0" "no warnings"
is "$(find . -name '*.profraw')" "" "nothing is left in the tree"

done_testing
