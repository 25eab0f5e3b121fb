# shellcheck shell=bash
# docker/debian.sh: how Debian's packages get into the cache folder, without root and without
# installing anything. Sourced by the scripts beside it, which say what they want:
#   begin KIND KEY NAME [INSTEAD]     a folder of its own; prints it and ends when it is there already
#   fetch SUITE MB PACKAGE...         unpacks packages, with all that they need, into $root
#   more PACKAGE...                   unpacks packages alone; their own needs stay away
#   command_in_bin NAME PROGRAM       $work/bin/NAME runs $root/PROGRAM; further lines come from stdin
#   end VERSION                       puts the folder into its place and prints it

say() { printf '%s\n' "$*" >&2; }
die() { say "docker/${0##*/}: $*"; exit 1; }

# begin KIND KEY NAME [INSTEAD]: KIND has the number of the folder's layout at its end. It is raised
# when the layout changes, so that folders made by an older script are not used.
begin() {
  name="$3" instead="${4:-}"
  cache="${ZOSC_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or ZOSC_CACHE}/.cache}/zosc}/$1"
  home="$cache/$2"
  done_already
  mkdir -p "$cache" || die "cannot write to $cache; set ZOSC_CACHE to a folder that you own"
  command -v flock >/dev/null || die 'flock is missing (apt-get install util-linux)'
  exec 9>"$cache/$2.lock"
  flock -n 9 || { say "another docker/${0##*/} is fetching $name; waiting for it ..."; flock 9; }
  done_already

  for tool in apt-get apt-config dpkg; do
    command -v "$tool" >/dev/null || die "$tool is missing: this needs Debian$instead"
  done
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [[ -r "$keyring" ]] || die "$keyring is missing (apt-get install debian-archive-keyring)"
  mirror="$(mirror_of_this_machine)"
  [[ -n "$mirror" ]] ||
    die "no Debian mirror in /etc/apt/sources.list or /etc/apt/sources.list.d: this needs Debian$instead"

  # Everything happens in a folder of its own, which is renamed into place at the end.
  work="$cache/.$2.new" root="$cache/.$2.new/root"
  rm -rf "$work"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -p "$work"/{apt/empty,apt/lists/partial,apt/archives/partial,root,bin}
}

done_already() { [[ -s "$home/version" ]] && { printf '%s\n' "$home"; exit 0; } || true; }

# The Debian mirror is the one that this machine uses itself: the first source
# that has one of Debian's own suites (deb822 .sources files or one-line .list files).
mirror_of_this_machine() {
  local file sources=()
  for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -r "$file" ]] && sources+=("$file")
  done
  ((${#sources[@]})) || return 0
  awk '
    function debian(suite) { return suite ~ /^(bullseye|bookworm|trixie|forky|duke|stable|oldstable|testing|unstable|sid)$/ }
    function stanza() {
      if (types ~ /(^| )deb( |$)/ && enabled != "no") { n = split(suites, s, " "); for (i = 1; i <= n; i++) if (debian(s[i])) found(uri) }
      types = uri = suites = enabled = ""
    }
    function found(u) { if (!got && u ~ /^[a-z+]+:/) { got = 1; print u } }
    FNR == 1 { stanza() }
    FILENAME ~ /\.sources$/ {
      if (/^[ \t]*$/) stanza()
      else if (match($0, /^Types:[ \t]*/)) types = substr($0, RLENGTH + 1)
      else if (match($0, /^URIs:[ \t]*/)) { uri = substr($0, RLENGTH + 1); sub(/ .*/, "", uri) }
      else if (match($0, /^Suites:[ \t]*/)) suites = substr($0, RLENGTH + 1)
      else if (match($0, /^Enabled:[ \t]*/)) enabled = substr($0, RLENGTH + 1)
      next
    }
    $1 == "deb" { sub(/\[[^]]*\]/, ""); if (debian($3)) found($2) }
    END { stanza() }
  ' "${sources[@]}"
}

# A private apt: own lists, an empty status (so that every library comes along), and none of the
# machine's hooks; only its network settings (a proxy, for example) are kept.
private_apt() {
  if ! APT_CONFIG="$work/apt/apt.conf" DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$work/apt/log" 2>&1 9>&-; then
    tail -n 15 "$work/apt/log" >&2
    die "cannot fetch $name from Debian $suite: see above (is there a network?)"
  fi
}

fetch() { # fetch SUITE MB PACKAGE...
  suite="$1"
  : >"$work/apt/status"
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$work/apt/sources.list"
  {
    apt-config dump | grep '^Acquire::' || true
    cat <<CONF
Dir::State "$work/apt";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "$work/apt/empty";
Dir::Etc::main "-";
Dir::Etc::parts "$work/apt/empty";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "$work/apt/empty";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  } >"$work/apt/apt.conf"

  say "reading the list of packages of Debian $suite (about 10 MB) ..."
  private_apt update -o APT::Update::Error-Mode=any
  say "fetching $name from Debian $suite (about $2 MB) ..."
  private_apt -y --download-only --no-install-recommends install "${@:3}"
  unpack
}

more() { # more PACKAGE...
  (cd "$work/apt/archives" && private_apt download "$@")
  unpack
}

unpack() {
  local package
  for package in "$work"/apt/archives/*.deb; do
    dpkg -x "$package" "$root"
    rm "$package"
  done
  rm -rf "$root"/usr/share/{doc,man,locale}
}

# The programs run by the folder's own loader and libraries, so that they do not depend on the
# machine's. The paths are found at run time, from the place of the wrapper.
command_in_bin() { # command_in_bin NAME PROGRAM [FLAGS]
  local loader libraries
  loader="$(cd "$root" && find . \( -name 'ld-linux*.so.*' -o -name 'ld64.so.*' \) -print | sort | head -n 1)"
  [[ -n "$loader" ]] || die "no dynamic loader among the packages of Debian $suite"
  libraries="$(cd "$root" && find . -name '*.so.*' -path '*/lib/*' -printf '%h\n' | sort -u |
    grep -E '^\./(usr/)?lib(/[a-z0-9_]+-linux-gnu[a-z0-9]*)?(/private|/mysql/private)?$')"
  {
    printf '#!/bin/bash\n# Made by docker/%s.\n' "${0##*/}"
    # shellcheck disable=SC2016 # what is in single quotes is for the wrapper
    printf '%s\n' 'root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../root" && pwd)"'
    printf 'libraries="%s"\n' "$(paste -sd: <<<"${libraries//.\//\$root/}")"
    cat
    # shellcheck disable=SC2016
    printf 'exec "$root/%s" --library-path "$libraries" "$root/%s" %s "$@"\n' "${loader#./}" "$2" "${3:-}"
  } >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

program() { # the first of these that is there
  local path
  for path in "$@"; do
    if [[ -x "$root/$path" && ! -L "$root/$path" ]]; then printf '%s' "$path"; return; fi
  done
  die "none of $* is among the packages of Debian $suite"
}

end() { # end VERSION
  rm -rf "$work/apt"
  printf '%s\n' "$1" >"$work/version"
  mv -T "$work" "$home"
  say "$name is ready: $1"
  printf '%s\n' "$home"
}
