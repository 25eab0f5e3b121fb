//! What the help says around the flags.

pub(super) const ABOUT: &str = "\
Change the shape of a large MySQL table while the application keeps reading and writing it.

zosc fills a new table beside the original, carries every change over, compares all rows, and swaps
the two in one atomic rename. The original is kept until `zosc clean`.";

pub(super) const USAGE: &str = "\
zosc [OPTIONS] --alter <CLAUSES> <TABLE>
       zosc [OPTIONS] <STATEMENT>
       zosc <COMMAND> [OPTIONS] ...";

pub(super) const AFTER: &str = "\
Every setting can also be given in the environment (--chunk-time as ZOSC_CHUNK_TIME), in a URL,
or in the groups [zosc] and [client] of MySQL's option files; the first that says something wins.

Examples:
  See what would be done, without touching the table:
      zosc plan --alter \"ADD COLUMN status INT\" shop.orders
  Do it, asking for the password:
      zosc --host db1 --user admin --password --alter \"ADD COLUMN status INT\" shop.orders
  A whole statement, the server from the environment:
      export ZOSC_URL=mysql://admin@db1/shop ZOSC_PASSWORD=...
      zosc \"CREATE INDEX by_customer ON orders (customer_id)\"
      zosc - < change.sql
  Go on after Ctrl-C, a crash or a lost connection: the same command again, or
      zosc resume 7
  Look at a run while it works, slow it down, choose the moment of the swap:
      zosc top shop.orders
      zosc ctl shop.orders --watch
      zosc ctl shop.orders max-lag 500ms
      zosc ctl shop.orders cut-over
  See what runs have left, remove it (the kept originals, too):
      zosc status
      zosc clean --yes

Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not ready, 5 busy, 6 stopped by a fault
(the same command goes on), 7 rows differ, 8 swap postponed, 9 outcome unknown (look before you do anything),
130 and 143 interrupted.";

pub(super) const CTL: &str = "\
Examples:
  Which runs listen on this machine:
      zosc ctl
  Look at one, again every two seconds:
      zosc ctl shop.orders --watch 2
  Set something anew; read it; all that can be set:
      zosc ctl shop.orders chunk-time 200ms
      zosc ctl shop.orders max-load
      zosc ctl shop.orders settings
  Rest, and go on:
      zosc ctl shop.orders throttle
      zosc ctl shop.orders no-throttle
  Postpone the swap, see what would be in its way, make it:
      zosc ctl shop.orders postpone
      zosc ctl shop.orders cut-over --check
      zosc ctl shop.orders cut-over
  All words:
      zosc ctl shop.orders help

The exit code is 0 when the run did as it was told, else 1. The same words work on the socket itself:
echo status | nc -U PATH";

pub(super) const TOP: &str = "\
Keys: q ends the view (the run goes on), p lets the run rest, r lets it go on, c tells what would be in
the way of the swap now.

It needs a terminal; elsewhere `zosc ctl RUN status --watch` tells the same in lines. NO_COLOR is
obeyed.";
